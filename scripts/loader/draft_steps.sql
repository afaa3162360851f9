-- The stages and outcomes of every pipeline, for draft_steps.py: the funnel that a pipeline has which no steps file lists.
with stages as (
    select * from dev_intermediate.int_stages
    where not is_closed
),

coverage as (
    select * from dev_intermediate.int_export_coverage
),

steps as (
    select
        crm_source,
        pipeline_id,
        stage_rank as place,
        stage_name as kpi_name,
        'stage' as event_type,
        stage_id as source_value
    from stages
    union all
    select
        stages.crm_source,
        stages.pipeline_id,
        max(stages.stage_rank) + outcomes.place as place,
        outcomes.kpi_name,
        'outcome' as event_type,
        outcomes.source_value
    from stages
    inner join coverage on stages.crm_source = coverage.crm_source
    cross join (values (1, 'Won', 'won'), (2, 'Lost', 'lost')) as outcomes (place, kpi_name, source_value)
    where
        coverage.knows_statuses
        or coverage.knows_deals
        or (outcomes.source_value = 'lost' and coverage.knows_lost_reasons)
    group by stages.crm_source, stages.pipeline_id, outcomes.place, outcomes.kpi_name, outcomes.source_value
)

select
    crm_source,
    pipeline_id,
    kpi_name,
    event_type,
    source_value
from steps
order by crm_source asc, pipeline_id asc, place asc
