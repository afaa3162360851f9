-- Grain: one row per Salesforce campaign. A campaign with the name of an ad's tag is that ad's campaign and has its
-- channel; for any other the campaign's type decides.
with campaigns as (
    select * from {{ ref('stg_marketing__campaigns') }}
    where not is_deleted
),

ads as (
    select * from {{ ref('int_ad_spend_daily') }}
),

channels as (
    select * from {{ ref('stg_settings__channels') }}
),

advertised as (
    select
        campaign,
        min(channel) as channel
    from ads
    group by campaign
    having min(channel) = max(channel)
),

final as (
    select
        campaigns.campaign_id,
        campaigns.campaign,
        campaigns.campaign_name,
        campaigns.campaign_type,
        coalesce(advertised.channel, channels.channel, 'Unknown') as channel,
        campaigns.actual_cost
    from campaigns
    left join advertised on campaigns.campaign = advertised.campaign
    left join channels on campaigns.channel_spelling = channels.spelling
)

select * from final
