-- Grain: one row per deal and uninterrupted ownership, from the log's user_id changes.
with owner_changes as (
    select
        deal_id,
        new_value::bigint as user_id,
        changed_at,
        log_position,
        first_loaded_at,
        _loaded_at
    from {{ ref('stg_pipedrive__deal_changes') }}
    where
        field_key = 'user_id'
        and new_value ~ '^\d{1,18}$'
        and not is_deleted
        and {{ is_plausible_date('changed_at') }}
),

compared as (
    select
        *,
        lag(user_id) over (partition by deal_id order by changed_at, first_loaded_at, log_position) as previous_user_id
    from owner_changes
),

boundaries as (
    select *
    from compared
    where user_id is distinct from previous_user_id
),

final as (
    select
        deal_id,
        user_id,
        changed_at as valid_from,
        lead(changed_at) over intervals as valid_to,
        row_number() over intervals as owner_number,
        greatest(_loaded_at, lead(_loaded_at) over intervals) as _loaded_at
    from boundaries
    window intervals as (partition by deal_id order by changed_at, first_loaded_at, log_position)
)

select * from final
