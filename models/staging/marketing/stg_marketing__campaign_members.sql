with source as (
    {{ newest_versions(
        source('marketing', 'salesforce_campaign_member'),
        key_columns=['campaignid'],
        nullable_key_columns=['leadid', 'contactid'],
    ) }}
),

renamed as (
    select
        -- ids
        campaignid as campaign_id,
        nullif(btrim(leadid), '') as lead_id,
        nullif(btrim(contactid), '') as contact_id,

        -- booleans: an export without the column knows of members only, and they count
        coalesce(hasresponded, true) as has_responded,
        _is_deleted as is_deleted,

        -- timestamps
        createddate as created_at,
        {{ end_of_day('firstrespondeddate - 1') }} as first_responded_at,
        _loaded_at
    from source
)

select * from renamed
