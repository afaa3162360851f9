-- Grain: one row per deal and change of outcome (won, lost, deleted, reopened).
with timeline as (
    select * from {{ ref('int_deal_timeline') }}
    where
        event_type <> 'stage_change'
        and not is_deleted_deal
),

sequenced as (
    select
        *,
        row_number() over (partition by deal_key order by event_number) as outcome_number,
        row_number() over (partition by deal_key, event_type order by event_number) as occurrence_number,
        lead(event_number) over (partition by deal_key order by event_number) is null as is_final
    from timeline
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
        last_pipeline_id,
        lost_reason_id,
        occurred_at,
        -- The CRM's own date is that of the closing that stands; one that a reopening follows keeps its logged day.
        case
            when event_type in ('won', 'lost')
                then coalesce(case when is_final then crm_closed_date end, {{ cut_day('occurred_at') }})
        end as closed_date,
        log_position,
        first_loaded_at,
        greatest(_loaded_at, reason_loaded_at) as _loaded_at
    from sequenced
)

select * from final
