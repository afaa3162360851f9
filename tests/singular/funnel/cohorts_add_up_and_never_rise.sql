-- Implied reach never rises along the steps, horizons never fall from 30 to 60 to 90 days, nothing exceeds the cohort,
-- and all cohorts together hold each deal of fct_deal_steps once.
with cohorts as (
    select
        *,
        lag(reached_implied_count) over steps as previous_implied_count,
        lag(reached_30_days_count) over steps as previous_30_days_count
    from {{ ref('rep_funnel_conversion_cohort') }}
    window steps as (partition by cohort_month, pipeline_id order by step_order)
),

totals as (
    select
        pipeline_id,
        funnel_step,
        sum(reached_implied_count) as reached_implied_count
    from cohorts
    group by pipeline_id, funnel_step
),

deal_steps as (
    select
        pipeline_id,
        funnel_step,
        count(*) as deals_count
    from {{ ref('fct_deal_steps') }}
    group by pipeline_id, funnel_step
)

select
    'rises or exceeds' as problem,
    pipeline_id,
    funnel_step
from cohorts
where
    reached_implied_count > previous_implied_count
    or reached_30_days_count > previous_30_days_count
    or reached_direct_count > reached_implied_count
    or reached_30_days_count > reached_60_days_count
    or reached_60_days_count > reached_90_days_count
    or reached_90_days_count > reached_implied_count
    or reached_implied_count > deals_count
union all
select
    'does not add up' as problem,
    deal_steps.pipeline_id,
    deal_steps.funnel_step
from deal_steps
left join totals
    on
        deal_steps.pipeline_id = totals.pipeline_id
        and deal_steps.funnel_step = totals.funnel_step
where deal_steps.deals_count is distinct from totals.reached_implied_count
