with source as (
    {{ newest_versions(source('pipedrive', 'activity_types'), key_columns=['id']) }}
),

renamed as (
    select
        -- ids
        id as activity_type_id,

        -- text
        btrim(type) as activity_type,
        btrim(name) as activity_type_name,

        -- booleans
        active as is_active,
        _is_deleted as is_deleted,

        -- timestamps
        _loaded_at
    from source
)

select * from renamed
