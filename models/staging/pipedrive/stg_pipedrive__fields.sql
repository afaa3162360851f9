with source as (
    {{ newest_versions(source('pipedrive', 'fields'), key_columns=['id']) }}
),

renamed as (
    select
        -- ids
        id as field_id,

        -- text
        btrim(field_key) as field_key,
        btrim(name) as field_name,

        -- json
        field_value_options::jsonb as field_options,

        -- booleans
        _is_deleted as is_deleted,

        -- timestamps
        _loaded_at
    from source
)

select * from renamed
