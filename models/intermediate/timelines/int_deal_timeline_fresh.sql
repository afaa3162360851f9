-- Grain: one row per deal and stage change or change of outcome, with the stage and outcome then in force, as the log tells it now.
-- One pass over the log: visits, outcomes and funnel steps all read int_deal_timeline, which keeps these rows, so they share one
-- definition of a visit and agree on ties.
{% set events = "('stage_change', 'won', 'lost', 'deleted', 'reopened')" %}
{% set outcomes = "('won', 'lost', 'deleted', 'reopened')" %}

with log as (
    select * from {{ ref('int_deal_events') }}
    where
        field in ('created', 'stage', 'pipeline', 'status', 'lost_reason', 'closed_date')
        and value is not null
),

numbered as (
    select
        *,
        (100000000 + row_number() over deal_events)::text collate "C" as place
    from log
    window deal_events as (partition by deal_key order by {{ log_order() }})
),

-- The value that was set last is the maximum of (place, value). A date that was logged before the deal was opened again is that
-- of an earlier closing.
deals as (
    select
        *,
        substr(max(place || value) filter (where field = 'status') over before, 10) as previous_status,
        nullif(substr(min(place || coalesce(old_value, '')) filter (where field = 'stage') over deal, 10), '') as first_stage_id,
        substr(max(place || value) filter (where field = 'stage') over deal, 10) as last_stage_id,
        max(place || value) filter (where field = 'pipeline') over deal as placed_last_pipeline,
        substr(max(place || value) filter (where field = 'status') over deal, 10) as last_status,
        substr(
            max(place || case field when 'closed_date' then value else '' end)
            filter (where field = 'closed_date' or (field = 'status' and value = 'open')) over deal,
            10
        ) as closed_date
    from numbered
    window
        deal as (partition by deal_key),
        before as (partition by deal_key order by {{ log_order() }} rows between unbounded preceding and 1 preceding)
),

-- A first stage that stands only in the old value of a change was entered when the deal was created, the first row of its log: a
-- row of its own.
parts as (
    select
        *,
        unnest(case when place = '100000001' and first_stage_id is not null then array[0, 1] else array[1] end) as part
    from deals
),

-- A deal without a status log, as in exports that lack the field, is lost whenever a lost reason is set. Kept beside the events: a
-- lost reason and a repeated outcome, which tell why a deal was lost; and of a deal without stages its last pipeline.
moves as (
    select
        *,
        case when part = 0 then first_stage_id when field = 'stage' then value end as entered_stage_id,
        case
            when part = 0 or field = 'stage' then 'stage_change'
            when field = 'lost_reason' then case when last_status is null then 'lost' else 'lost_reason' end
            when field = 'pipeline' then case when last_stage_id is null and place || value = placed_last_pipeline then 'pipeline' end
            when field <> 'status' then null
            when value in ('won', 'lost', 'deleted') then case when (value is distinct from previous_status) then value else 'repeated' end
            when value = 'open' and previous_status in ('won', 'lost', 'deleted') then 'reopened'
        end as event_type
    from parts
),

sequenced as (
    select
        *,
        row_number() over before as event_number,
        lead(part) over before is null as is_last_event,
        substr(max(place || part || entered_stage_id) over before, 11) as previous_stage_id,
        substr(max(place || event_type) filter (where event_type in {{ events }}) over before, 10) as previous_event,
        substr(max(place || event_type) filter (where event_type in {{ outcomes }}) over before, 10) as previous_outcome
    from moves
    where event_type is not null
    window before as (partition by deal_key order by {{ log_order() }}, part rows between unbounded preceding and 1 preceding)
),

final as (
    select
        deal_key,
        crm_source,
        deal_id,
        event_number::integer as event_number,
        event_type,
        coalesce(entered_stage_id, previous_stage_id) as stage_id,
        last_stage_id,
        substr(placed_last_pipeline, 10) as last_pipeline_id,
        -- Consecutive repeats of a stage are one visit.
        event_type in ('stage_change', 'reopened')
        and coalesce(entered_stage_id, previous_stage_id) is not null
        and not (
            coalesce(previous_event in ('stage_change', 'reopened'), false)
            and (entered_stage_id is null or (entered_stage_id is not distinct from previous_stage_id))
        ) as starts_visit,
        case when event_type in {{ outcomes }} then event_type else previous_outcome end as outcome,
        case when field = 'lost_reason' then value end as lost_reason_id,
        nullif(closed_date, '')::date as crm_closed_date,
        last_status is not null as has_status_log,
        coalesce(last_status = 'deleted', false) as is_deleted_deal,
        is_last_event,
        occurred_at,
        log_position,
        first_loaded_at,
        _loaded_at
    from sequenced
)

select * from final
