-- mode: full, optional. Every sync brings all pipelines.
-- needs deal_pipelines: pipelineid/id, stages
-- takes deal_pipelines: label
-- newest of deal_pipelines: pipelineid/id by _airbyte_extracted_at/_airbyte_emitted_at
-- lacks: nothing
--
-- A closed stage is won by its chance.
select
    coalesce(stage ->> 'stageId', stage ->> 'id') as stage_id,
    stage ->> 'label' as stage_label,
    deal_pipelines.pipelineid as pipeline_id,
    deal_pipelines.label as pipeline_label,
    stage ->> 'displayOrder' as display_order,
    trim_scale((stage #>> '{metadata,probability}')::numeric) as probability,
    stage #>> '{metadata,isClosed}' as is_closed,
    (stage #>> '{metadata,isClosed}') = 'true' and (stage #>> '{metadata,probability}')::numeric = 1 as closed_won,
    coalesce(stage ->> 'active' = 'false' or stage ->> 'archived' = 'true', false) as archived
from deal_pipelines
cross join lateral json_array_elements(deal_pipelines.stages::json) as stage
