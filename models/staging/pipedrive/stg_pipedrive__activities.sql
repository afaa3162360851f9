with source as (
    {{ newest_versions(source('pipedrive', 'activity'), key_columns=['deal_id', 'activity_id']) }}
),

renamed as (
    select
        -- ids
        activity_id,
        deal_id as deal_key,
        deal_id::text as deal_id,
        assigned_to_user::text as user_id,
        _row_number as log_position,

        -- text
        btrim(type) as activity_type,

        -- booleans
        done as is_done,
        _is_deleted as is_deleted,

        -- timestamps
        due_to as due_at,
        _loaded_at
    from source
)

select * from renamed
