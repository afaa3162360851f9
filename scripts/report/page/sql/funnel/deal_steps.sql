-- How far each deal got in a pipeline: the month in which it began there, and the last of the stage steps that it reached, ever and
-- within each of the first three horizons. A later step implies those before it.
with numbered as (
    select
        horizon_days,
        row_number() over (order by horizon_days) as place
    from rep_funnel_conversion_cohort_by_owner
    where horizon_days > 0
    group by horizon_days
),

-- Materialized, or it would be made again for each deal.
horizons as materialized (
    select
        max(horizon_days) filter (where place = 1) as first_days,
        max(horizon_days) filter (where place = 2) as second_days,
        max(horizon_days) filter (where place = 3) as third_days
    from numbered
),

reached as (
    select
        deal_steps.*,
        steps.step_order
    from fct_deal_steps as deal_steps
    inner join dim_funnel_steps as steps
        on
            deal_steps.crm_source = steps.crm_source
            and deal_steps.pipeline_id = steps.pipeline_id
            and deal_steps.funnel_step = steps.funnel_step
)

select
    reached.crm_source as crm,
    reached.deal_id as deal,
    reached.pipeline_id,
    to_char(max(reached.cohort_month), 'YYYY-MM') as month,
    max(reached.owner_id) as owner,
    (array_agg(reached.funnel_step order by reached.step_order desc))[1] as ever,
    (array_agg(reached.funnel_step order by reached.step_order desc) filter (where reached.days_to_reach <= horizons.first_days))[1] as horizon_1,
    (array_agg(reached.funnel_step order by reached.step_order desc) filter (where reached.days_to_reach <= horizons.second_days))[1] as horizon_2,
    (array_agg(reached.funnel_step order by reached.step_order desc) filter (where reached.days_to_reach <= horizons.third_days))[1] as horizon_3
from reached
cross join horizons
group by reached.crm_source, reached.pipeline_id, reached.deal_id
order by reached.crm_source, reached.deal_id, reached.pipeline_id
