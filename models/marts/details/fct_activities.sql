-- Grain: one row per deal and activity (activity_id alone repeats in real exports).
-- Incremental: watermark = newest _loaded_at held; key = deal_key. All activities of a deal with new rows are replaced.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_deals',
        meta={'distribute_by': 'deal_key'},
        pre_hook="{{ collect_changed_deals() }}",
        indexes=[{'columns': ['_loaded_at']}, {'columns': ['completed_at']}],
    )
}}

with activities as (
    select * from {{ ref('int_activities') }}
    {{ only_changed_deals() }}
),

timelines as (
    select * from {{ ref('int_deal_timeline') }}
    {{ only_changed_deals() }}
),

last_events as (
    select * from timelines
    where is_last_event
),

stages as (
    select * from {{ ref('int_stages') }}
),

steps as (
    select * from {{ ref('int_funnel_steps') }}
    where event_type = 'activity'
),

-- Of several types with one key the first that is not deleted gives the name.
types as (
    select distinct on (activity_type)
        activity_type,
        activity_type_name
    from {{ ref('stg_pipedrive__activity_types') }}
    where activity_type_name is not null
    order by activity_type, is_deleted, activity_type_id
),

-- A call is a step of the deal's last pipeline, as in the funnel's events.
final as (
    select
        activities.deal_key,
        activities.crm_source,
        activities.deal_id,
        activities.activity_id,
        activities.activity_type,
        coalesce(types.activity_type_name, activities.activity_type) as activity_type_name,
        coalesce(steps.funnel_step, 'Unknown') as funnel_step,
        coalesce(steps.kpi_name, 'Unknown') as kpi_name,
        coalesce(activities.owner_id, 'Unknown') as owner_id,
        activities.is_done as is_completed,
        activities.due_at,
        case when {{ is_plausible_date('activities.due_at', 'activities._loaded_at') }} then {{ cut_month('activities.due_at') }} end as due_month,
        activities.completed_at,
        {{ cut_month('activities.completed_at') }} as completed_month,
        greatest(activities._loaded_at, last_events._loaded_at) as _loaded_at
    from activities
    left join last_events on activities.deal_key = last_events.deal_key
    left join stages
        on
            last_events.crm_source = stages.crm_source
            and last_events.last_stage_id = stages.stage_id
    left join steps
        on
            activities.crm_source = steps.crm_source
            and activities.activity_type = steps.source_value
            and coalesce(last_events.last_pipeline_id, stages.pipeline_id, {{ default_pipeline('activities.crm_source') }}) = steps.pipeline_id
    left join types
        on
            activities.crm_source = 'pipedrive'
            and activities.activity_type = types.activity_type
)

select * from final
