with source as (
    {{ newest_versions(source('marketing', 'ad_spend'), key_columns=['date', 'campaign_id']) }}
),

renamed as (
    select
        -- ids
        campaign_id as ad_campaign_id,

        -- text: spellings in lower case, which is how the seed channels lists them
        lower(coalesce(nullif(btrim(utm_source), ''), nullif(btrim(channel), ''), 'unknown')) as channel_spelling,
        coalesce(lower({{ short_text('utm_campaign') }}), lower({{ short_text('campaign_id') }})) as campaign,
        coalesce({{ currency_code('currency') }}, 'USD') as currency,

        -- numerics
        spend_usd as spend,
        clicks,
        impressions,

        -- booleans
        _is_deleted as is_deleted,

        -- dates and timestamps
        date as spend_date,
        _loaded_at
    from source
)

select * from renamed
