select
    pipeline_id,
    stage_id,
    stage_name as name,
    stage_rank
from dim_stages
order by pipeline_id, stage_rank nulls last, stage_id
