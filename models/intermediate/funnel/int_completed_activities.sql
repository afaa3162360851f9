-- Grain: one row per deal and completed activity. Exports have no completion time: the due time stands for it.
with activities as (
    select * from {{ ref('stg_pipedrive__activities') }}
),

final as (
    select
        deal_id,
        activity_id,
        activity_type,
        user_id,
        due_at as completed_at,
        log_position,
        _loaded_at
    from activities
    where
        is_done
        and not is_deleted
)

select * from final
