with source as (
    {{ newest_versions(
        source('pipedrive', 'deal_changes'),
        key_columns=['deal_id', 'change_time', 'changed_field_key'],
        nullable_key_columns=['new_value'],
    ) }}
),

renamed as (
    select
        -- ids
        deal_id,
        _row_number as log_position,

        -- text
        btrim(changed_field_key) as field_key,
        nullif(btrim(new_value), '') as new_value,

        -- booleans
        _is_deleted as is_deleted,

        -- timestamps
        {{ read_source_time('change_time') }} as changed_at,
        _loaded_at
    from source
)

select * from renamed
