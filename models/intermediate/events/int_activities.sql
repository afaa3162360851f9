-- Grain: one row per deal and activity of any CRM. Where an export has no completion time the due time stands for it, unless
-- that lies after the load; then a completed activity has no known time.
with pipedrive as (
    select * from {{ ref('stg_pipedrive__activities') }}
    where not is_deleted
),

final as (
    select
        deal_key,
        'pipedrive' as crm_source,
        deal_id,
        activity_id,
        activity_type,
        user_id as owner_id,
        is_done,
        due_at,
        case when is_done then {{ known_completion('coalesce(done_at, due_at)') }} end as completed_at,
        log_position,
        _loaded_at
    from pipedrive
)

select * from final
