-- Stages by how long half of all visits last when those that are still open are counted in (Kaplan-Meier).
select
    pipeline_id,
    stage_name,
    open_visits_count,
    round(open_p50_days, 1) as open_p50_age_days,
    round(completed_p50_days, 1) as completed_p50_days,
    round(kaplan_meier_median_days, 1) as kaplan_meier_median_days
from {{ ref('rep_stage_survival') }}
order by kaplan_meier_median_days desc nulls first
