-- Grain: one row per deal and uninterrupted stay in a stage.
with timeline as (
    select
        *,
        event_type in ('stage_change', 'reopened') as is_entry
    from {{ ref('int_deal_timeline') }}
),

stages as (
    select * from {{ ref('int_stages_ranked') }}
),

compared as (
    select
        *,
        lag(stage_id) over events as previous_stage_id,
        lag(is_entry) over events as previous_is_entry
    from timeline
    window events as (partition by deal_id order by event_number)
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
    window events as (partition by deal_id order by event_number)
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
        first_loaded_at,
        case when next_event_type = 'stage_change' then following_stage_id end as next_stage_id,
        case
            when next_event_type in ('won', 'lost', 'deleted') then next_event_type
            when next_event_type is null and outcome in ('won', 'lost', 'deleted') then outcome
            when next_event_type is null then 'open'
        end as ended_by,
        greatest(_loaded_at, exit_loaded_at) as _loaded_at,
        row_number() over (partition by deal_id order by event_number) as visit_number
    from sequenced
    where is_entry
),

final as (
    select
        visits.deal_id,
        visits.visit_number,
        coalesce(stages.pipeline_id, {{ var('default_pipeline_id') }}) as pipeline_id,
        visits.stage_id,
        visits.entered_by,
        visits.entered_at,
        visits.exited_at,
        visits.next_stage_id,
        case
            when visits.ended_by is not null then visits.ended_by
            when stages.pipeline_id != next_stages.pipeline_id then 'transferred'
            when coalesce(next_stages.stage_rank, visits.next_stage_id) < coalesce(stages.stage_rank, visits.stage_id) then 'backward'
            when coalesce(next_stages.stage_rank, visits.next_stage_id) = coalesce(stages.stage_rank, visits.stage_id) + 1 then 'forward'
            else 'skipped'
        end as moved,
        visits.log_position,
        visits.first_loaded_at,
        visits._loaded_at,
        -- Apart: only the move depends on the stages, not when the deal was where.
        greatest(stages._loaded_at, next_stages._loaded_at) as stages_loaded_at
    from visits
    left join stages on visits.stage_id = stages.stage_id
    left join stages as next_stages on visits.next_stage_id = next_stages.stage_id
)

select * from final
