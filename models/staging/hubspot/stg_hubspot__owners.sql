with source as (
    {{ newest_versions(source('hubspot', 'hubspot_owner'), key_columns=['owner_id']) }}
),

renamed as (
    select
        -- ids
        {{ user_key('owner_id') }} as owner_id,

        -- text: personal data is masked here, so that no model above holds it
        {{ mask_words('btrim(name)') }} as owner_name_masked,
        {{ mask_words("split_part(btrim(email), '@', 1)") }} as email_masked,
        nullif(btrim(team), '') as team,

        -- booleans: who has left is archived, and still owns what was closed
        not archived as is_active,
        _is_deleted as is_deleted,

        -- timestamps
        _loaded_at
    from source
)

select * from renamed
