-- Grain: one row per deal and uninterrupted ownership (slowly changing dimension, type 2; half-open intervals).
-- Incremental: watermark = newest _loaded_at held; key = deal_key. Late, corrected and deleted rows replace the deal's
-- whole history; a deal that never had an owner has no row.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_deals',
        meta={'distribute_by': 'deal_key'},
        pre_hook="{{ collect_changed_deals() }}",
        indexes=[{'columns': ['_loaded_at']}],
    )
}}

with intervals as (
    select * from {{ ref('int_deal_owner_intervals') }}
    {{ only_changed_deals() }}
),

final as (
    select
        deal_key,
        crm_source,
        deal_id,
        owner_number::integer as owner_number,
        owner_id,
        valid_from,
        valid_to,
        valid_to is null as is_current,
        _loaded_at
    from intervals
)

select * from final
