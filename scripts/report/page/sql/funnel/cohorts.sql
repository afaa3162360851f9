-- Of the deals that began in a month, how many got to a step: ever, and within each of the first three horizons, which are NULL
-- until the whole cohort is that old. A column each keeps the page small.
with cohorts as (
    select
        *,
        dense_rank() over (order by horizon_days) - 1 as place
    from rep_funnel_conversion_cohort_by_owner
)

select
    crm_source as crm,
    to_char(cohort_month, 'YYYY-MM') as month,
    pipeline_id,
    owner_id as owner,
    funnel_step as step,
    max(deals_count) as deals,
    max(reached_count) filter (where place = 0) as ever,
    max(reached_count) filter (where place = 1) as horizon_1,
    max(reached_count) filter (where place = 2) as horizon_2,
    max(reached_count) filter (where place = 3) as horizon_3
from cohorts
group by crm_source, cohort_month, pipeline_id, owner_id, funnel_step, step_order
order by crm_source, cohort_month, pipeline_id, owner_id, step_order
