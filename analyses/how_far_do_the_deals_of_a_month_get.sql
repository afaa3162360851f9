-- Of the deals that entered the default pipeline in a month: the share that reached each step, ever and within 60 days.
select
    cohorts.cohort_month,
    cohorts.funnel_step,
    cohorts.kpi_name,
    cohorts.deals_count,
    max(cohorts.reached_count) filter (where cohorts.horizon_days = 0) as reached_count,
    round(100 * max(cohorts.reached_share) filter (where cohorts.horizon_days = 0), 1) as reached_percent,
    round(100 * max(cohorts.reached_share) filter (where cohorts.horizon_days = 60), 1) as reached_within_60_days_percent
from {{ ref('rep_funnel_conversion_cohort') }} as cohorts
inner join {{ ref('dim_pipelines') }} as pipelines
    on
        cohorts.crm_source = pipelines.crm_source
        and cohorts.pipeline_id = pipelines.pipeline_id
where pipelines.is_default
group by cohorts.cohort_month, cohorts.step_order, cohorts.funnel_step, cohorts.kpi_name, cohorts.deals_count
order by cohorts.cohort_month, cohorts.step_order
