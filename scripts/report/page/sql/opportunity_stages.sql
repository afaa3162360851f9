select
    crm_source as crm,
    stage_name as name,
    visits_count as visits,
    open_count as open_now,
    round(mean_days, 4) as mean_days,
    round(p50_days, 4) as median_days,
    round(p90_days, 4) as p90_days,
    severity,
    is_small_sample
from rep_pipeline_bottlenecks
order by crm_source, stage_order, stage_id
