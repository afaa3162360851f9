-- Grain: one row per deal and change of outcome (won, lost, deleted, reopened).
with timeline as (
    select
        *,
        event_type in ('won', 'lost', 'deleted', 'reopened') as is_outcome,
        event_type = 'lost_reason' as is_reason
    from {{ ref('int_deal_timeline') }}
    where
        event_type not in ('stage_change', 'pipeline')
        and not is_deleted_deal
),

-- A lost reason belongs to the status in force at its instant, wherever the log lists it; an outcome that is logged again starts
-- anew, although it changes nothing else.
numbered as (
    select
        *,
        count(*) filter (where not is_reason) over (partition by deal_key order by occurred_at) as instant_number
    from timeline
),

reasoned as (
    select
        *,
        substr(
            max((100000000 + event_number)::text collate "C" || lost_reason_id) filter (where is_reason) over instant_events, 10
        ) as logged_reason_id,
        max(_loaded_at) filter (where is_reason) over instant_events as reason_loaded_at
    from numbered
    window instant_events as (partition by deal_key, instant_number)
),

outcomes as (
    select
        *,
        row_number() over (partition by deal_key order by event_number) as outcome_number,
        row_number() over (partition by deal_key, event_type order by event_number) as occurrence_number,
        lead(event_number) over (partition by deal_key order by event_number) is null as is_final
    from reasoned
    where is_outcome
),

final as (
    select
        deal_key,
        crm_source,
        deal_id,
        outcome_number,
        occurrence_number,
        is_final,
        event_type as outcome,
        stage_id,
        last_stage_id,
        last_pipeline_id,
        case when event_type = 'lost' then coalesce(lost_reason_id, logged_reason_id) end as lost_reason_id,
        occurred_at,
        -- The CRM's own date is that of the closing that stands; one that a reopening follows keeps its logged day.
        case
            when event_type in ('won', 'lost')
                then coalesce(case when is_final then crm_closed_date end, {{ cut_day('occurred_at') }})
        end as closed_date,
        log_position,
        first_loaded_at,
        greatest(_loaded_at, reason_loaded_at) as _loaded_at
    from outcomes
)

select * from final
