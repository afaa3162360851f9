-- Medians cannot be added up, so they are of the whole pipeline. Kaplan-Meier counts the deals still in the stage too.
select
    crm_source as crm,
    pipeline_id,
    stage_id,
    visits_count as visits,
    round(kaplan_meier_median_days, 4) as median_days,
    round(completed_p90_days, 4) as p90_days,
    severity
from rep_stage_survival
order by crm_source, pipeline_id, stage_rank, stage_id
