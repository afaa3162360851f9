{# A query for the entries to funnel steps, of a timeline: int_deal_timeline, which a run may have left behind, or
   int_deal_timeline_fresh, which reads the log. Each read of it is one of its own: PostgreSQL would keep the rows of one
   that several name, and find no index for the changed deals. #}
{% macro funnel_events(timeline) -%}
with visits as (
    select * from {{ timeline }}
    where
        starts_visit
        and not is_deleted_deal
),

last_events as (
    select * from {{ timeline }}
    where is_last_event
),

outcomes as (
    select
        *,
        lead(event_number) over (partition by deal_key order by event_number) is null as is_final
    from {{ timeline }}
    where
        event_type in ('won', 'lost', 'deleted', 'reopened')
        and not is_deleted_deal
),

activities as (
    select * from {{ ref('int_activities') }}
    where completed_at is not null
),

stages as (
    select * from {{ ref('int_stages') }}
),

steps as (
    select * from {{ ref('int_funnel_steps') }}
),

-- Stages belong to one pipeline by themselves; calls, wins and losses follow the deal's last one.
calls as (
    select
        deal_key,
        crm_source,
        deal_id,
        activity_type,
        owner_id,
        completed_at,
        log_position,
        null as last_stage_id,
        null as last_pipeline_id,
        false as is_deleted_deal,
        _loaded_at
    from activities
    union all
    select
        deal_key,
        crm_source,
        deal_id,
        null as activity_type,
        null as owner_id,
        null as completed_at,
        null as log_position,
        last_stage_id,
        last_pipeline_id,
        is_deleted_deal,
        null as _loaded_at
    from last_events
),

placed_calls as (
    select
        deal_key,
        crm_source,
        deal_id,
        activity_type,
        owner_id,
        completed_at,
        log_position,
        max(last_stage_id) over deal as last_stage_id,
        max(last_pipeline_id) over deal as last_pipeline_id,
        bool_or(is_deleted_deal) over deal as is_deleted_deal,
        _loaded_at
    from calls
    window deal as (partition by deal_key)
),

-- A win or loss counts on its closed date: the CRM's own one where this closing stands.
events as (
    select
        deal_key,
        crm_source,
        deal_id,
        'stage' as event_type,
        stage_id as source_value,
        null as last_stage_id,
        null as last_pipeline_id,
        null as owner_id,
        occurred_at,
        {{ cut_month('occurred_at') }} as occurred_month,
        event_number,
        first_loaded_at,
        log_position,
        _loaded_at
    from visits
    union all
    select
        deal_key,
        crm_source,
        deal_id,
        'outcome' as event_type,
        event_type as source_value,
        last_stage_id,
        last_pipeline_id,
        null as owner_id,
        occurred_at,
        coalesce(case when is_final then date_trunc('month', crm_closed_date)::date end, {{ cut_month('occurred_at') }}) as occurred_month,
        event_number,
        first_loaded_at,
        log_position,
        _loaded_at
    from outcomes
    where event_type in ('won', 'lost')
    union all
    select
        deal_key,
        crm_source,
        deal_id,
        'activity' as event_type,
        activity_type as source_value,
        last_stage_id,
        last_pipeline_id,
        owner_id,
        completed_at as occurred_at,
        {{ cut_month('completed_at') }} as occurred_month,
        null as event_number,
        _loaded_at as first_loaded_at,
        log_position,
        _loaded_at
    from placed_calls
    where
        activity_type is not null
        and not is_deleted_deal
),

final as (
    select
        events.deal_key,
        events.crm_source,
        events.deal_id,
        steps.pipeline_id,
        steps.funnel_step,
        events.event_type,
        events.owner_id,
        row_number() over (
            partition by events.deal_key, steps.pipeline_id, steps.funnel_step
            order by events.occurred_at, events.first_loaded_at, events.log_position, events.event_number
        ) as entry_number,
        events.occurred_at,
        events.occurred_month,
        events._loaded_at
    from events
    left join stages
        on
            events.crm_source = stages.crm_source
            and events.last_stage_id = stages.stage_id
    inner join steps
        on
            events.crm_source = steps.crm_source
            and events.event_type = steps.event_type
            and events.source_value = steps.source_value
            and (
                events.event_type = 'stage'
                or coalesce(events.last_pipeline_id, stages.pipeline_id, {{ default_pipeline('events.crm_source') }}) = steps.pipeline_id
            )
)

select * from final
{%- endmacro %}
