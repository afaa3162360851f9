-- Of the deals that began in a month, how many got to a step. A horizon is NULL until the whole cohort is that old.
select
    to_char(cohort_month, 'YYYY-MM') as month,
    pipeline_id,
    coalesce(nullif(owner_id, 0)::text, 'Unknown') as owner,
    funnel_step as step,
    deals_count as deals,
    reached_implied_count as ever,
    reached_30_days_count as days_30,
    reached_60_days_count as days_60,
    reached_90_days_count as days_90
from rep_funnel_conversion_cohort_by_owner
order by month, pipeline_id, owner_id, step_order
