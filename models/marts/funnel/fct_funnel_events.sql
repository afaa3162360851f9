-- Grain: one row per deal, pipeline, funnel step and entry to it, over every CRM.
-- Incremental: watermark = newest _loaded_at held; key = deal_key. Late, corrected and deleted rows replace all events
-- of the deal; a deal without events, or deleted in its CRM, disappears. Changed steps replace all.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_deals',
        meta={'distribute_by': 'deal_key'},
        pre_hook="{{ collect_changed_deals() }}",
        indexes=[{'columns': ['_loaded_at']}, {'columns': ['occurred_month']}],
    )
}}

with events as (
    select * from {{ ref('int_funnel_events') }}
    {{ only_changed_deals() }}
),

owners as (
    select * from {{ ref('dim_deal_owner_history') }}
    {{ only_changed_deals() }}
),

-- A call belongs to the user it was assigned to, everything else to the deal's owner at that moment.
final as (
    select
        events.deal_key,
        events.crm_source,
        events.deal_id,
        events.pipeline_id,
        events.funnel_step,
        events.entry_number::integer as entry_number,
        events.entry_number = 1 as is_first_entry,
        case when events.event_type = 'activity' then coalesce(events.owner_id, 'Unknown') else coalesce(owners.owner_id, 'Unknown') end as owner_id,
        events.occurred_at,
        events.occurred_month,
        events.event_type,
        greatest(events._loaded_at, owners._loaded_at) as _loaded_at
    from events
    {{ join_owner_at('events', 'occurred_at') }}
)

select * from final
