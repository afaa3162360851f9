-- Grain: one row per deal, funnel step and entry to it: a stage entered, a call completed, a loss.
with visits as (
    select * from {{ ref('int_deal_stage_visits') }}
),

activities as (
    select * from {{ ref('int_completed_activities') }}
),

losses as (
    select * from {{ ref('int_deal_outcomes') }}
    where outcome = 'lost'
),

pipelines as (
    select
        deal_id,
        new_value::bigint as pipeline_id,
        changed_at as occurred_at,
        log_position,
        first_loaded_at,
        _loaded_at
    from {{ ref('stg_pipedrive__deal_changes') }}
    where
        field_key = 'pipeline_id'
        and new_value ~ '^\d{1,18}$'
        and not is_deleted
        and {{ is_plausible_date('changed_at') }}
),

steps as (
    select * from {{ ref('funnel_steps') }}
),

events as (
    select
        deal_id,
        'stage' as event_type,
        stage_id::text as source_value,
        null::bigint as pipeline_id,
        null::bigint as user_id,
        entered_at as occurred_at,
        log_position,
        first_loaded_at,
        _loaded_at
    from visits
    union all
    select
        deal_id,
        'activity' as event_type,
        activity_type as source_value,
        null as pipeline_id,
        user_id,
        completed_at as occurred_at,
        activity_id as log_position,
        _loaded_at as first_loaded_at,
        _loaded_at
    from activities
    union all
    select
        deal_id,
        'outcome' as event_type,
        'lost' as source_value,
        null as pipeline_id,
        null as user_id,
        occurred_at,
        log_position,
        first_loaded_at,
        _loaded_at
    from losses
    union all
    select
        deal_id,
        'pipeline' as event_type,
        null as source_value,
        pipeline_id,
        null as user_id,
        occurred_at,
        log_position,
        first_loaded_at,
        _loaded_at
    from pipelines
),

-- Stages belong to one pipeline by themselves; calls and losses follow the deal's last pipeline. Of several rows of one
-- instant the last is the one that was first loaded last, then the one furthest down in its file, as in int_deals_current.
located as (
    select
        *,
        coalesce(
            (
                max(array[extract(epoch from occurred_at), extract(epoch from first_loaded_at), log_position, pipeline_id])
                filter (where event_type = 'pipeline') over (partition by deal_id)
            )[4]::bigint,
            {{ var('default_pipeline_id') }}
        ) as deal_pipeline_id
    from events
),

final as (
    select
        located.deal_id,
        steps.pipeline_id,
        steps.funnel_step,
        located.event_type,
        located.user_id,
        row_number() over (
            partition by located.deal_id, steps.pipeline_id, steps.funnel_step
            order by located.occurred_at, located.first_loaded_at, located.log_position
        ) as entry_number,
        located.occurred_at,
        {{ cut_month('located.occurred_at') }} as occurred_month,
        located._loaded_at
    from located
    inner join steps
        on
            located.event_type = steps.event_type
            and located.source_value = steps.source_value
            and (located.event_type = 'stage' or located.deal_pipeline_id = steps.pipeline_id)
)

select * from final
