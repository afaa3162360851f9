-- Grain: one row per deal and stage change or change of outcome, with the stage and the outcome then in force.
-- Order on ties: time, the load that first brought the row, its position in that file, field.
with stage_changes as (
    select
        deal_id,
        new_value::bigint as stage_id,
        changed_at as occurred_at,
        log_position,
        first_loaded_at,
        _loaded_at
    from {{ ref('stg_pipedrive__deal_changes') }}
    where
        field_key = 'stage_id'
        and new_value ~ '^\d{1,18}$'
        and not is_deleted
        and {{ is_plausible_date('changed_at') }}
),

outcomes as (
    select * from {{ ref('int_deal_outcomes') }}
),

timeline as (
    select
        deal_id,
        stage_id,
        'stage_change' as event_type,
        null as lost_reason_id,
        occurred_at,
        log_position,
        first_loaded_at,
        _loaded_at
    from stage_changes
    union all
    select
        deal_id,
        null as stage_id,
        outcome as event_type,
        lost_reason_id,
        occurred_at,
        log_position,
        first_loaded_at,
        _loaded_at
    from outcomes
),

numbered as (
    select
        *,
        row_number() over events as event_number,
        count(stage_id) over (events rows unbounded preceding) as stage_change_number,
        count(*) filter (where event_type != 'stage_change') over (events rows unbounded preceding) as outcome_number
    from timeline
    window events as (partition by deal_id order by occurred_at, first_loaded_at, log_position, (event_type != 'stage_change'), stage_id)
),

-- A reopened deal is back in the stage it was in: the last one named before. An outcome holds until the next one.
final as (
    select
        deal_id,
        event_number,
        event_type,
        first_value(stage_id) over (partition by deal_id, stage_change_number order by event_number) as stage_id,
        first_value(event_type) over (partition by deal_id, outcome_number order by event_number) as outcome,
        lost_reason_id,
        occurred_at,
        log_position,
        first_loaded_at,
        _loaded_at
    from numbered
)

select * from final
