with source as (
    {{ newest_versions(source('salesforce', 'salesforce_user'), key_columns=['id']) }}
),

renamed as (
    select
        -- ids
        id as user_id,
        nullif(btrim(managerid), '') as manager_id,
        nullif(btrim(userroleid), '') as role_id,

        -- text: personal data is masked here, so that no model above holds it
        {{ mask_words('btrim(name)') }} as user_name_masked,
        {{ mask_words("split_part(btrim(email), '@', 1)") }} as email_masked,
        nullif(btrim(department), '') as department,

        -- booleans
        isactive as is_active,
        _is_deleted as is_deleted,

        -- timestamps
        _loaded_at
    from source
)

select * from renamed
