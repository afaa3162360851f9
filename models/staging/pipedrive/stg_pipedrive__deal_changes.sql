{% set is_id = "btrim(changed_field_key) in ('stage_id', 'user_id', 'pipeline_id', 'lost_reason')" %}

with source as (
    {{ newest_versions(
        source('pipedrive', 'deal_changes'),
        key_columns=['deal_id', 'change_time', 'changed_field_key', '_occurrence'],
        nullable_key_columns=['new_value'],
        deal_key=deal_key('pipedrive', 'deal_id'),
    ) }}
),

renamed as (
    select
        -- ids
        deal_key,
        deal_id,
        _row_number as log_position,
        _occurrence as occurrence,

        -- text
        btrim(changed_field_key) as field_key,
        {{ plain_id('new_value', is_id) }} as new_value,
        {{ plain_id('old_value', is_id) }} as old_value,

        -- booleans
        _is_deleted as is_deleted,

        -- timestamps
        change_time as changed_at,
        coalesce(_first_loaded_at, _loaded_at) as first_loaded_at,
        _loaded_at
    from source
)

select * from renamed
