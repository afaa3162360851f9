-- Grain: one row per CRM, deal and uninterrupted stay in a stage while open.
-- Incremental: watermark = newest _loaded_at held; key = deal_key. Late, corrected and deleted rows replace all
-- visits of the deal; a changed stage replaces all of its CRM, since moves follow the order of stages.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_deals',
        pre_hook="{{ collect_changed_deals() }}",
        indexes=[{'columns': ['deal_key']}, {'columns': ['_loaded_at']}],
    )
}}

with visits as (
    select * from {{ ref('int_opportunity_stage_visits') }}
    {{ only_changed_deals() }}
),

final as (
    select
        crm_source,
        deal_id,
        deal_key,
        visit_number::integer as visit_number,
        stage_id,
        coalesce(owner_id, 'Unknown') as owner_id,
        is_reopening,
        entered_at,
        exited_at,
        {{ cut_fiscal_quarter(cut_day('exited_at')) }} as exited_quarter,
        next_stage_id,
        moved,
        (extract(epoch from exited_at - entered_at) / 86400)::numeric(18, 6) as days_in_stage,
        _loaded_at
    from visits
)

select * from final
