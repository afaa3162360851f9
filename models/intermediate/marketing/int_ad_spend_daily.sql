-- Grain: one row per day, channel, campaign and currency with ads. Several campaigns of a platform with one tag are one here, since
-- nothing else ties them to sessions.
with ads as (
    select * from {{ ref('stg_marketing__ad_spend') }}
    where
        not is_deleted
        and {{ is_plausible_date('spend_date', is_date=true) }}
),

channels as (
    select * from {{ ref('stg_settings__channels') }}
),

final as (
    select
        ads.spend_date as day,
        coalesce(channels.channel, 'Unknown') as channel,
        ads.campaign,
        ads.currency,
        count(*) as ad_campaigns_count,
        sum(ads.impressions)::bigint as impressions,
        sum(ads.clicks)::bigint as clicks,
        sum(ads.spend) as spend,
        count(*) filter (where ads.spend is null) as missing_spend_count
    from ads
    left join channels on ads.channel_spelling = channels.spelling
    group by ads.spend_date, coalesce(channels.channel, 'Unknown'), ads.campaign, ads.currency
)

select * from final
