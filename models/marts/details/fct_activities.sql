-- Grain: one row per deal and activity (activity_id alone repeats in real exports).
-- Incremental: watermark = newest _loaded_at held; key = deal_key. All activities of a deal with new rows are replaced.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_deals',
        meta={'distribute_by': 'deal_key'},
        pre_hook="{{ collect_changed_deals() }}",
        indexes=[{'columns': ['_loaded_at']}],
    )
}}

with activities as (
    select * from {{ ref('int_activities') }}
    {{ only_changed_deals() }}
),

final as (
    select
        deal_key,
        crm_source,
        deal_id,
        activity_id,
        activity_type,
        coalesce(owner_id, 'Unknown') as owner_id,
        is_done as is_completed,
        due_at,
        case when {{ is_plausible_date('due_at') }} then {{ cut_month('due_at') }} end as due_month,
        completed_at,
        {{ cut_month('completed_at') }} as completed_month,
        _loaded_at
    from activities
)

select * from final
