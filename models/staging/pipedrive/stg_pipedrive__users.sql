with source as (
    {{ newest_versions(source('pipedrive', 'users'), key_columns=['id']) }}
),

renamed as (
    select
        -- ids
        {{ user_key('id') }} as user_id,

        -- text: personal data is masked here, so that no model above holds it
        {{ mask_words('btrim(name)') }} as user_name_masked,
        {{ mask_words("split_part(btrim(email), '@', 1)") }} as email_masked,

        -- booleans
        active_flag as is_active,
        _is_deleted as is_deleted,

        -- timestamps
        modified as modified_at,
        _loaded_at
    from source
)

select * from renamed
