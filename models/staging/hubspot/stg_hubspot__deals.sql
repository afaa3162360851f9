with source as (
    {{ newest_versions(source('hubspot', 'hubspot_deal'), key_columns=['deal_id']) }}
),

renamed as (
    select
        -- ids
        deal_id,
        {{ deal_key('hubspot', 'deal_id') }} as deal_key,
        company_id,
        {{ user_key('hubspot_owner_id') }} as owner_id,
        pipeline as pipeline_id,
        dealstage as stage_id,

        -- text: a deal's name often holds a person's, and is not loaded at all
        {{ short_text('dealtype') }} as deal_type,
        {{ short_text('hs_analytics_source') }} as lead_source,
        nullif(btrim(hs_manual_forecast_category), '') as forecast_category,
        nullif(btrim(closed_lost_reason), '') as lost_reason,
        {{ currency_code('deal_currency_code') }} as currency,
        -- how it stands; without flags, the chance 1 is a won deal's in HubSpot, and 0 a lost one's
        case
            when hs_is_closed_won then 'won'
            when hs_is_closed then 'lost'
            when not hs_is_closed then 'open'
            when hs_is_closed_won is null and hs_deal_stage_probability = 1 then 'won'
            when hs_deal_stage_probability = 0 then 'lost'
        end as status,

        -- columns that the loader does not know
        _extra as extra_columns,

        -- numerics: a chance is a share of 1 in HubSpot
        amount,
        hs_deal_stage_probability * 100 as probability,

        -- booleans
        _is_deleted or coalesce(archived, false) as is_deleted,

        -- dates and timestamps
        {{ cut_day('closedate') }} as close_date,
        {{ cut_day('notes_last_contacted') }} as last_activity_date,
        createdate as created_at,
        hs_lastmodifieddate as modified_at,
        _loaded_at
    from source
)

select * from renamed
