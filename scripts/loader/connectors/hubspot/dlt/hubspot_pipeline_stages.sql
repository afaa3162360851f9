-- mode: delta, optional. A run merges into the table: what is gone in HubSpot stays.
-- needs pipelines_deals__stages: id, _dlt_parent_id
-- takes pipelines_deals__stages: label, display_order, metadata__is_closed, metadata__probability, archived
-- needs pipelines_deals: id, _dlt_id
-- takes pipelines_deals: label
-- newest of pipelines_deals: id by _dlt_load_id
-- lacks: deletions
--
-- A closed stage is won by its chance.
select
    stage.id as stage_id,
    stage.label as stage_label,
    pipeline.id as pipeline_id,
    pipeline.label as pipeline_label,
    stage.display_order,
    trim_scale(stage.metadata__probability::numeric) as probability,
    stage.metadata__is_closed as is_closed,
    stage.metadata__is_closed = 'true' and stage.metadata__probability::numeric = 1 as closed_won,
    coalesce(stage.archived = 'true', false) as archived
from pipelines_deals__stages as stage
inner join pipelines_deals as pipeline
    on stage._dlt_parent_id = pipeline._dlt_id
