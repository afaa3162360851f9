with source as (
    {{ newest_versions(source('pipedrive', 'activity'), key_columns=['deal_id', 'activity_id'], deal_key=deal_key('pipedrive', 'deal_id')) }}
),

renamed as (
    select
        -- ids
        activity_id,
        deal_key,
        deal_id,
        {{ user_key('assigned_to_user') }} as user_id,
        _row_number as log_position,

        -- text
        btrim(type) as activity_type,

        -- booleans
        done as is_done,
        _is_deleted as is_deleted,

        -- timestamps
        due_to as due_at,
        marked_as_done_time as done_at,
        _loaded_at
    from source
)

select * from renamed
