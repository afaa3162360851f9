with source as (
    {{ newest_versions(source('salesforce', 'salesforce_opportunity'), key_columns=['id']) }}
),

renamed as (
    select
        -- ids
        id as opportunity_id,
        {{ deal_key('salesforce', 'id') }} as deal_key,
        nullif(btrim(accountid), '') as account_id,
        nullif(btrim(ownerid), '') as owner_id,
        nullif(btrim(campaignid), '') as campaign_id,
        coalesce(nullif(btrim(recordtypeid), ''), 'default') as pipeline_id,

        -- text: the name is left out, since it often holds a person's
        btrim(stagename) as stage_name,
        {{ short_text('type') }} as opportunity_type,
        {{ short_text('leadsource') }} as lead_source,
        nullif(btrim(forecastcategoryname), '') as forecast_category,
        {{ currency_code('currencyisocode') }} as currency,

        -- columns that the loader does not know
        _extra as extra_columns,

        -- numerics
        amount,
        probability,

        -- booleans
        isclosed as is_closed,
        iswon as is_won,
        _is_deleted or coalesce(isdeleted, false) as is_deleted,

        -- dates and timestamps
        closedate as close_date,
        lastactivitydate as last_activity_date,
        createddate as created_at,
        systemmodstamp as modified_at,
        _loaded_at
    from source
)

select * from renamed
