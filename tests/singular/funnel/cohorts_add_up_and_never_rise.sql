-- Implied reach never rises along the steps, a longer horizon never holds fewer deals, nothing exceeds the cohort, and all
-- cohorts together hold each deal of fct_deal_steps once.
with cohorts as (
    select
        *,
        lag(reached_count) over steps as previous_step_count,
        lag(reached_count) over horizons as shorter_count,
        lag(reached_direct_count) over horizons as shorter_direct_count
    from {{ ref('rep_funnel_conversion_cohort') }}
    window
        steps as (partition by crm_source, pipeline_id, cohort_month, horizon_days order by step_order),
        -- 0 is ever, the longest.
        horizons as (partition by crm_source, pipeline_id, cohort_month, funnel_step order by nullif(horizon_days, 0) nulls last)
),

totals as (
    select
        crm_source,
        pipeline_id,
        funnel_step,
        sum(reached_count) as reached_count
    from cohorts
    where horizon_days = 0
    group by crm_source, pipeline_id, funnel_step
),

deal_steps as (
    select
        crm_source,
        pipeline_id,
        funnel_step,
        count(*) as deals_count
    from {{ ref('fct_deal_steps') }}
    group by crm_source, pipeline_id, funnel_step
)

select
    'rises or exceeds' as problem,
    crm_source,
    pipeline_id,
    funnel_step
from cohorts
where
    reached_count > previous_step_count
    or reached_count < shorter_count
    or reached_direct_count < shorter_direct_count
    or reached_direct_count > reached_count
    or reached_count > deals_count
union all
select
    'does not add up' as problem,
    deal_steps.crm_source,
    deal_steps.pipeline_id,
    deal_steps.funnel_step
from deal_steps
left join totals
    on
        deal_steps.crm_source = totals.crm_source
        and deal_steps.pipeline_id = totals.pipeline_id
        and deal_steps.funnel_step = totals.funnel_step
where deal_steps.deals_count is distinct from totals.reached_count
