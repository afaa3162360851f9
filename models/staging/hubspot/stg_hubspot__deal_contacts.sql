with source as (
    {{ newest_versions(source('hubspot', 'hubspot_deal_contact'), key_columns=['deal_id', 'contact_id']) }}
),

renamed as (
    select
        -- ids
        deal_id,
        {{ deal_key('hubspot', 'deal_id') }} as deal_key,
        contact_id,

        -- text
        lower(nullif(btrim(lifecyclestage), '')) as lifecycle_stage,

        -- booleans
        _is_deleted as is_deleted,

        -- timestamps
        _loaded_at
    from source
)

select * from renamed
