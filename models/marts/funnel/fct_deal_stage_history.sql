-- Grain: one row per deal and stage visit.
-- Incremental: watermark = newest _loaded_at held; key = deal_id. Late, corrected and deleted log rows replace the
-- deal's whole timeline; a deal without visits disappears. A changed stage replaces all, since moves follow its order.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_deals',
        pre_hook="{{ collect_changed_deals([ref('stg_pipedrive__deal_changes')], [ref('stg_pipedrive__stages')]) }}",
        indexes=[{'columns': ['deal_id']}, {'columns': ['_loaded_at']}],
    )
}}

with visits as (
    select * from {{ ref('int_deal_stage_visits') }}
    {{ only_changed_deals() }}
),

final as (
    select
        deal_id,
        visit_number::integer as visit_number,
        stage_id,
        entered_by,
        entered_at,
        exited_at,
        next_stage_id,
        moved,
        (extract(epoch from exited_at - entered_at) / 86400)::numeric(18, 6) as days_in_stage,
        _loaded_at
    from visits
)

select * from final
