-- Of the deals that entered the pipeline in a month: the share that reached each step, ever and within 60 days.
select
    cohort_month,
    funnel_step,
    kpi_name,
    deals_count,
    reached_implied_count,
    round(100 * reached_implied_share, 1) as reached_percent,
    round(100 * reached_60_days_share, 1) as reached_within_60_days_percent
from {{ ref('rep_funnel_conversion_cohort') }}
where pipeline_id = {{ var('default_pipeline_id') }}
order by cohort_month, step_order
