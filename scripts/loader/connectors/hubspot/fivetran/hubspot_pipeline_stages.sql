-- mode: full, optional. The first sync brings every row, and Fivetran removes none: it marks what is deleted.
-- needs deal_pipeline_stage: stage_id, pipeline_id
-- takes deal_pipeline_stage: label, display_order, probability, is_closed, closed_won, active, _fivetran_deleted
-- takes deal_pipeline: pipeline_id, label
-- lacks: nothing
select
    stage.stage_id,
    stage.label as stage_label,
    stage.pipeline_id,
    pipeline.label as pipeline_label,
    stage.display_order,
    stage.probability,
    stage.is_closed,
    stage.closed_won,
    stage.active = 'false' as archived,
    coalesce(stage._fivetran_deleted = 'true', false) as _is_deleted
from deal_pipeline_stage as stage
left join deal_pipeline as pipeline
    on stage.pipeline_id = pipeline.pipeline_id
