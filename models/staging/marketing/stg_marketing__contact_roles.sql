with source as (
    {{ newest_versions(source('marketing', 'salesforce_opportunity_contact_role'), key_columns=['opportunityid', 'contactid']) }}
),

renamed as (
    select
        -- ids
        opportunityid as opportunity_id,
        contactid as contact_id,

        -- booleans
        coalesce(isprimary, false) as is_primary,
        _is_deleted as is_deleted,

        -- timestamps
        _loaded_at
    from source
)

select * from renamed
