-- Grain: one row per deal and change of outcome (won, lost, deleted, reopened), with stage and owner at that moment.
-- Incremental: watermark = newest _loaded_at held; key = deal_id. Late, corrected and deleted rows replace all outcomes
-- of the deal; a deal without outcomes disappears.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_deals',
        meta={'distribute_by': 'deal_id'},
        pre_hook="{{ collect_changed_deals() }}",
        indexes=[{'columns': ['deal_id']}, {'columns': ['_loaded_at']}],
    )
}}

with timeline as (
    select * from {{ ref('int_deal_timeline') }}
    {{ only_changed_deals() }}
),

deals as (
    select * from {{ ref('int_deals_current') }}
    {{ only_changed_deals() }}
),

owners as (
    select * from {{ ref('int_deal_owner_intervals') }}
    {{ only_changed_deals() }}
),

outcomes as (
    select
        *,
        row_number() over (partition by deal_id order by event_number) as outcome_number,
        row_number() over (partition by deal_id, event_type order by event_number) as occurrence_number,
        lead(event_number) over (partition by deal_id order by event_number) is null as is_final
    from timeline
    where event_type != 'stage_change'
),

final as (
    select
        outcomes.deal_id,
        outcomes.outcome_number::integer as outcome_number,
        outcomes.event_type as outcome,
        outcomes.occurrence_number::integer as occurrence_number,
        outcomes.is_final,
        coalesce(deals.pipeline_id, {{ var('default_pipeline_id') }}) as pipeline_id,
        outcomes.stage_id,
        coalesce(owners.user_id, 0) as owner_id,
        outcomes.lost_reason_id,
        deals.creation_count > 1 as is_id_collision,
        outcomes.occurred_at,
        {{ cut_month('outcomes.occurred_at') }} as occurred_month,
        {{ count_days('deals.first_changed_at', 'outcomes.occurred_at') }} as days_since_creation,
        greatest(outcomes._loaded_at, deals._loaded_at, owners._loaded_at) as _loaded_at
    from outcomes
    left join deals on outcomes.deal_id = deals.deal_id
    {{ join_owner_at('outcomes', 'occurred_at') }}
)

select * from final
