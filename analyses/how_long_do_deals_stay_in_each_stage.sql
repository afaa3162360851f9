-- Median and 90th percentile of the days in a stage, by the month in which the visits ended; the last six months.
select
    month,
    stage_name,
    completed_visits_count,
    round(completed_p50_days, 1) as p50_days,
    round(completed_p90_days, 1) as p90_days,
    open_visits_count
from {{ ref('rep_stage_velocity_monthly') }}
where
    pipeline_id = {{ var('default_pipeline_id') }}
    and month > (select max(month) - interval '6 months' from {{ ref('rep_stage_velocity_monthly') }})
order by month, stage_rank
