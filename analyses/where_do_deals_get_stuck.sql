-- Stages by how long half of all visits last when those that are still open are counted in (Kaplan-Meier), and whether they have
-- become slower than they were.
select
    crm_source,
    pipeline_id,
    stage_name,
    severity,
    open_visits_count,
    round(open_p50_days, 1) as open_p50_age_days,
    round(completed_p50_days, 1) as completed_p50_days,
    round(kaplan_meier_median_days, 1) as kaplan_meier_median_days,
    trailing_to_norm
from {{ ref('rep_stage_survival') }}
where visits_count > 0
order by kaplan_meier_median_days desc nulls first
