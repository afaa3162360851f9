-- Grain: one row per CRM user, and one for 'Unknown' (user_id 0).
with users as (
    select * from {{ ref('stg_pipedrive__users') }}
    where not is_deleted
),

final as (
    select
        user_id,
        user_name_masked,
        modified_at
    from users
    union all
    select
        0 as user_id,
        'Unknown' as user_name_masked,
        null as modified_at
)

select * from final
