-- Grain: one row per CRM, pipeline and event that reaches a step of its funnel: a stage, a completed activity of a type, an outcome.
-- A pipeline that the steps file lists has exactly its steps; any other has its open stages in the CRM's order, then Won and Lost. The
-- lines of the seed are the sample's: they hold only for a pipeline that has all of their stages, by id and name.
-- A table that marts look things up in (meta.is_reference).
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_all',
        on_schema_change='fail',
        meta={'is_reference': true, 'distribute_by': 'everywhere'},
    )
}}

with steps as (
    select * from {{ ref('stg_settings__funnel_steps') }}
),

stages as (
    select * from {{ ref('int_stages') }}
),

coverage as (
    select * from {{ ref('int_export_coverage') }}
),

listed_pipelines as (
    select
        steps.crm_source,
        steps.pipeline_id
    from steps
    left join stages
        on
            steps.crm_source = stages.crm_source
            and steps.pipeline_id = stages.pipeline_id
            and steps.source_value = stages.stage_id
            and lower(btrim(steps.kpi_name)) = lower(btrim(stages.stage_name))
    where steps.event_type = 'stage'
    group by steps.crm_source, steps.pipeline_id
    having bool_and(steps.is_own) or count(*) = count(stages.stage_id)
),

listed as (
    select
        steps.crm_source,
        steps.pipeline_id,
        steps.step_order,
        steps.funnel_step,
        steps.kpi_name,
        steps.event_type,
        steps.source_value,
        steps.parent_step,
        steps.file_position,
        true as is_listed
    from steps
    inner join listed_pipelines
        on
            steps.crm_source = listed_pipelines.crm_source
            and steps.pipeline_id = listed_pipelines.pipeline_id
),

unlisted_stages as (
    select *
    from stages
    where (crm_source, pipeline_id) not in (
        select
            listed_pipelines.crm_source,
            listed_pipelines.pipeline_id
        from listed_pipelines
    )
),

own_stages as (
    select
        *,
        row_number() over (partition by crm_source, pipeline_id order by stage_rank) as place
    from unlisted_stages
    where not is_closed
),

-- Of a pipeline without an open stage as well: a list may name closed ones alone.
own_outcomes as (
    select
        unlisted_stages.crm_source,
        unlisted_stages.pipeline_id,
        count(*) filter (where not unlisted_stages.is_closed) + outcomes.place as step_order,
        outcomes.kpi_name,
        outcomes.source_value
    from unlisted_stages
    cross join (values (1, 'Won', 'won'), (2, 'Lost', 'lost')) as outcomes (place, kpi_name, source_value)
    group by unlisted_stages.crm_source, unlisted_stages.pipeline_id, outcomes.place, outcomes.kpi_name, outcomes.source_value
),

all_steps as (
    select * from listed
    union all
    select
        crm_source,
        pipeline_id,
        place::integer as step_order,
        place::text as funnel_step,
        stage_name as kpi_name,
        'stage' as event_type,
        stage_id as source_value,
        null as parent_step,
        null as file_position,
        false as is_listed
    from own_stages
    union all
    select
        crm_source,
        pipeline_id,
        step_order::integer as step_order,
        kpi_name as funnel_step,
        kpi_name,
        'outcome' as event_type,
        source_value,
        null as parent_step,
        null as file_position,
        false as is_listed
    from own_outcomes
),

-- What the export does not tell has no step: no rows, not zeros.
final as (
    select all_steps.*
    from all_steps
    inner join coverage on all_steps.crm_source = coverage.crm_source
    where
        all_steps.event_type = 'stage'
        or (all_steps.event_type = 'activity' and coverage.knows_calls)
        or (all_steps.event_type = 'outcome' and (coverage.knows_statuses or coverage.knows_deals))
        or (all_steps.source_value = 'lost' and all_steps.event_type = 'outcome' and coverage.knows_lost_reasons)
)

select * from final
