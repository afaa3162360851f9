-- Grain: one row per deal and stage change or change of outcome, with the stage, pipeline and outcome then in force. One pass
-- over the log: visits, outcomes and funnel steps all read it, so they share one definition of a visit and agree on ties.
with log as (
    select * from {{ ref('int_deal_events') }}
    where
        field in ('created', 'stage', 'pipeline', 'status', 'lost_reason', 'closed_date')
        and value is not null
),

numbered as (
    select
        *,
        (100000000 + row_number() over deal_events)::text collate "C" || value as placed,
        (100000000 + row_number() over deal_events)::text collate "C" || coalesce(old_value, '') as placed_old
    from log
    window deal_events as (partition by deal_key order by {{ log_order() }})
),

-- The value of a field at a row is the one that was set last: the running maximum of (place, value).
known as (
    select
        *,
        row_number() over so_far as place,
        substr(max(placed) filter (where field = 'stage') over so_far, 10) as known_stage_id,
        nullif(substr(min(placed_old) filter (where field = 'stage') over deal, 10), '') as first_stage_id,
        substr(max(placed) filter (where field = 'pipeline') over so_far, 10) as pipeline_id,
        substr(max(placed) filter (where field = 'pipeline') over deal, 10) as last_pipeline_id,
        substr(max(placed) filter (where field = 'status') over before, 10) as previous_status,
        substr(max(placed) filter (where field = 'status') over deal, 10) as last_status,
        max(placed) filter (where field = 'closed_date') over deal as placed_closed_date,
        max(placed) filter (where field = 'status' and value = 'open') over deal as placed_reopening,
        bool_or(field = 'status') over deal as has_status_log,
        count(*) filter (where field = 'status') over instants as status_number
    from numbered
    window
        deal as (partition by deal_key),
        so_far as (partition by deal_key order by {{ log_order() }} rows unbounded preceding),
        before as (partition by deal_key order by {{ log_order() }} rows between unbounded preceding and 1 preceding),
        instants as (partition by deal_key order by occurred_at)
),

-- A first stage that stands only in the old value of a change was entered when the deal was created, the first row of its log: a
-- row of its own. A deal without a status log, as in exports that lack the field, is lost whenever a lost reason is set.
parts as (
    select
        *,
        unnest(case when place = 1 and first_stage_id is not null then array[0, 1] else array[1] end) as part
    from known
),

moves as (
    select
        *,
        case when part = 0 then first_stage_id else coalesce(known_stage_id, first_stage_id) end as stage_id,
        case
            when part = 0 or field = 'stage' then 'stage_change'
            when field = 'lost_reason' then case when not has_status_log then 'lost' end
            when field <> 'status' then null
            when value in ('won', 'lost', 'deleted') and (value is distinct from previous_status) then value
            when value = 'open' and previous_status in ('won', 'lost', 'deleted') then 'reopened'
        end as event_type,
        -- A lost reason belongs to the status in force at its instant, wherever the log lists it.
        max(placed) filter (where field = 'lost_reason') over (partition by deal_key, status_number) as placed_reason,
        max(_loaded_at) filter (where field = 'lost_reason') over (partition by deal_key, status_number) as reason_loaded_at
    from parts
),

sequenced as (
    select
        *,
        event_type in ('stage_change', 'reopened') as is_entry,
        lag(stage_id) over deal_moves as previous_stage_id,
        lag(event_type in ('stage_change', 'reopened')) over deal_moves as follows_entry,
        row_number() over deal_moves as event_number,
        max((100000000 + place)::text collate "C" || event_type) filter (where event_type <> 'stage_change') over deal_moves as placed_outcome
    from moves
    where event_type is not null
    window deal_moves as (partition by deal_key order by {{ log_order() }}, part)
),

final as (
    select
        deal_key,
        crm_source,
        deal_id,
        event_number,
        event_type,
        stage_id,
        pipeline_id,
        last_pipeline_id,
        -- Consecutive repeats of a stage are one visit.
        is_entry and stage_id is not null and not (coalesce(follows_entry, false) and stage_id is not distinct from previous_stage_id)
            as starts_visit,
        substr(placed_outcome, 10) as outcome,
        case when event_type = 'lost' then case when has_status_log then substr(placed_reason, 10) else value end end as lost_reason_id,
        -- A date that was logged before the deal was opened again is that of an earlier closing.
        case when placed_closed_date > coalesce(placed_reopening, '') then substr(placed_closed_date, 10)::date end as crm_closed_date,
        coalesce(last_status = 'deleted', false) as is_deleted_deal,
        occurred_at,
        part,
        log_position,
        first_loaded_at,
        _loaded_at,
        reason_loaded_at
    from sequenced
)

select * from final
