-- Grain: one row per deal and activity (activity_id alone repeats in real exports).
-- Incremental: watermark = newest _loaded_at held; key = deal_id. All activities of a deal with new rows are replaced.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_deals',
        meta={'distribute_by': 'deal_id'},
        pre_hook="{{ collect_changed_deals() }}",
        indexes=[{'columns': ['deal_id']}, {'columns': ['_loaded_at']}],
    )
}}

with activities as (
    select * from {{ ref('stg_pipedrive__activities') }}
    {{ only_changed_deals() }}
),

final as (
    select
        deal_id,
        activity_id,
        activity_type,
        user_id,
        is_done as is_completed,
        due_at,
        case when {{ is_plausible_date('due_at') }} then {{ cut_month('due_at') }} end as due_month,
        case when is_done then {{ known_completion('due_at') }} end as completed_at,
        case when is_done then {{ cut_month(known_completion('due_at')) }} end as completed_month,
        _loaded_at
    from activities
    where not is_deleted
)

select * from final
