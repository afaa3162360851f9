-- Grain: one row per deal, pipeline, funnel step and entry to it.
-- Incremental: watermark = newest _loaded_at held; key = deal_id. Late, corrected and deleted rows replace all events
-- of the deal; a deal without events disappears.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_deals',
        pre_hook="{{ collect_changed_deals([ref('stg_pipedrive__deal_changes'), ref('stg_pipedrive__activities')]) }}",
        indexes=[{'columns': ['deal_id']}, {'columns': ['_loaded_at']}, {'columns': ['occurred_month']}],
    )
}}

with events as (
    select * from {{ ref('int_funnel_events') }}
    {{ only_changed_deals() }}
),

final as (
    select
        deal_id,
        pipeline_id,
        funnel_step,
        entry_number::integer as entry_number,
        entry_number = 1 as is_first_entry,
        occurred_at,
        occurred_month,
        _loaded_at
    from events
)

select * from final
