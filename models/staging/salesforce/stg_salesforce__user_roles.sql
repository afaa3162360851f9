with source as (
    {{ newest_versions(source('salesforce', 'salesforce_user_role'), key_columns=['id']) }}
),

renamed as (
    select
        -- ids
        id as role_id,
        nullif(btrim(parentroleid), '') as parent_role_id,

        -- text
        nullif(btrim(name), '') as role_name,

        -- booleans
        _is_deleted as is_deleted,

        -- timestamps
        _loaded_at
    from source
)

select * from renamed
