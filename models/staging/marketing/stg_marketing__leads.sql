with source as (
    {{ newest_versions(source('marketing', 'salesforce_lead'), key_columns=['id']) }}
),

renamed as (
    select
        -- ids: names are not loaded at all
        id as lead_id,
        nullif(btrim(convertedopportunityid), '') as converted_opportunity_id,
        nullif(btrim(convertedcontactid), '') as converted_contact_id,

        -- text: in lower case, which is how the seed channels lists it; no source is a spelling, too
        coalesce(lower(nullif(btrim(leadsource), '')), '(none)') as channel_spelling,

        -- booleans
        coalesce(isconverted, false) as is_converted,
        _is_deleted as is_deleted,

        -- dates and timestamps
        converteddate as converted_date,
        createddate as created_at,
        _loaded_at
    from source
)

select * from renamed
