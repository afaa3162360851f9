select
    crm_source as crm,
    pipeline_id,
    stage_id,
    stage_name as name
from dim_stages
where not is_closed
order by crm_source, pipeline_id, stage_rank, stage_id
