-- Grain: one row per deal and completed activity whose time is known. Exports have no completion time: the due time stands
-- for it, unless it lies after the load. Those without a known time are in fct_activities.
with activities as (
    select * from {{ ref('stg_pipedrive__activities') }}
),

final as (
    select
        deal_id,
        activity_id,
        activity_type,
        user_id,
        {{ known_completion('due_at') }} as completed_at,
        log_position,
        _loaded_at
    from activities
    where
        is_done
        and not is_deleted
        and {{ known_completion('due_at') }} is not null
)

select * from final
