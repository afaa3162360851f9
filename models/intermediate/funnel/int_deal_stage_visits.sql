-- Grain: one row per deal and uninterrupted stay in a stage. Order on ties: time, load, position in the log, stage.
with stage_changes as (
    select
        deal_id,
        new_value::bigint as stage_id,
        changed_at as occurred_at,
        log_position,
        _loaded_at
    from {{ ref('stg_pipedrive__deal_changes') }}
    where
        field_key = 'stage_id'
        and new_value ~ '^\d{1,18}$'
        and not is_deleted
),

outcomes as (
    select * from {{ ref('int_deal_outcomes') }}
),

stages as (
    select * from {{ ref('int_stages_ranked') }}
),

timeline as (
    select
        deal_id,
        stage_id,
        'stage_change' as event_type,
        occurred_at,
        log_position,
        _loaded_at
    from stage_changes
    union all
    select
        deal_id,
        null as stage_id,
        outcome as event_type,
        occurred_at,
        log_position,
        _loaded_at
    from outcomes
),

numbered as (
    select
        *,
        count(stage_id) over events as stage_change_number,
        count(*) filter (where event_type != 'stage_change') over events as outcome_number
    from timeline
    window events as (
        partition by deal_id
        order by occurred_at, _loaded_at, log_position, stage_id
        rows unbounded preceding
    )
),

-- A reopened deal is back in the stage it was in: the last one named before. An outcome holds until the next one.
located as (
    select
        deal_id,
        event_type,
        first_value(event_type) over (
            partition by deal_id, outcome_number
            order by occurred_at, _loaded_at, log_position, stage_id
        ) as outcome,
        occurred_at,
        log_position,
        _loaded_at,
        event_type in ('stage_change', 'reopened') as is_entry,
        first_value(stage_id) over (
            partition by deal_id, stage_change_number
            order by occurred_at, _loaded_at, log_position, stage_id
        ) as stage_id
    from numbered
),

compared as (
    select
        *,
        lag(stage_id) over events as previous_stage_id,
        lag(is_entry) over events as previous_is_entry
    from located
    window events as (partition by deal_id order by occurred_at, _loaded_at, log_position, stage_id)
),

-- Consecutive repeats of a stage are one visit. The filter comes before LEAD, never after.
boundaries as (
    select *
    from compared
    where
        not is_entry
        or (stage_id is not null and not (coalesce(previous_is_entry, false) and stage_id is not distinct from previous_stage_id))
),

sequenced as (
    select
        *,
        lead(event_type) over events as next_event_type,
        lead(stage_id) over events as following_stage_id,
        lead(occurred_at) over events as exited_at,
        lead(_loaded_at) over events as exit_loaded_at
    from boundaries
    window events as (partition by deal_id order by occurred_at, _loaded_at, log_position, stage_id)
),

visits as (
    select
        deal_id,
        stage_id,
        event_type as entered_by,
        occurred_at as entered_at,
        -- A stage named after the deal was closed, and nothing since: nobody is waiting there.
        coalesce(exited_at, case when outcome in ('won', 'lost', 'deleted') then occurred_at end) as exited_at,
        log_position,
        case when next_event_type = 'stage_change' then following_stage_id end as next_stage_id,
        case
            when next_event_type in ('won', 'lost', 'deleted') then next_event_type
            when next_event_type is null and outcome in ('won', 'lost', 'deleted') then outcome
            when next_event_type is null then 'open'
        end as ended_by,
        greatest(_loaded_at, exit_loaded_at) as _loaded_at,
        row_number() over (
            partition by deal_id
            order by occurred_at, _loaded_at, log_position, stage_id
        ) as visit_number
    from sequenced
    where is_entry
),

final as (
    select
        visits.deal_id,
        visits.visit_number,
        visits.stage_id,
        visits.entered_by,
        visits.entered_at,
        visits.exited_at,
        visits.next_stage_id,
        case
            when visits.ended_by is not null then visits.ended_by
            when coalesce(next_stages.stage_rank, visits.next_stage_id) < coalesce(stages.stage_rank, visits.stage_id) then 'backward'
            when coalesce(next_stages.stage_rank, visits.next_stage_id) = coalesce(stages.stage_rank, visits.stage_id) + 1 then 'forward'
            else 'skipped'
        end as moved,
        visits.log_position,
        visits._loaded_at
    from visits
    left join stages on visits.stage_id = stages.stage_id
    left join stages as next_stages on visits.next_stage_id = next_stages.stage_id
)

select * from final
