with source as (
    {{ newest_versions(source('pipedrive', 'pipedrive_lead'), key_columns=['id']) }}
),

renamed as (
    select
        -- ids: titles are not loaded at all
        id as lead_id,
        {{ user_key('owner_id') }} as owner_id,
        nullif(btrim(person_id), '') as person_id,
        nullif(btrim(organization_id), '') as organization_id,

        -- text: in lower case, which is how the seed channels lists it; no source is a spelling, too
        coalesce(lower(nullif(btrim(source_name), '')), '(none)') as channel_spelling,

        -- booleans
        coalesce(is_archived, false) as is_archived,
        _is_deleted as is_deleted,

        -- timestamps
        add_time as created_at,
        _loaded_at
    from source
)

select * from renamed
