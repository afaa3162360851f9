-- Grain: one row per deal and stage change or change of outcome, in order.
-- A table, unlike other timelines: three facts and the lists of stages and pipelines read it, and the log is long.
-- Incremental: watermark = newest _loaded_at held; key = deal_key. Late, corrected and deleted rows replace the deal's whole
-- timeline; a deal that is gone disappears.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_deals',
        on_schema_change='fail',
        meta={'distribute_by': 'deal_key'},
        pre_hook="{{ collect_changed_deals() }}",
        indexes=[{'columns': ['deal_key', 'event_number']}, {'columns': ['_loaded_at']}],
    )
}}

with timeline as (
    select * from {{ ref('int_deal_timeline_fresh') }}
    {{ only_changed_deals() }}
),

final as (
    select
        deal_key,
        crm_source,
        deal_id,
        event_number,
        event_type,
        stage_id,
        last_stage_id,
        last_pipeline_id,
        starts_visit,
        outcome,
        lost_reason_id,
        crm_closed_date,
        has_status_log,
        is_deleted_deal,
        is_last_event,
        occurred_at,
        log_position,
        first_loaded_at,
        _loaded_at
    from timeline
)

select * from final
