-- Grain: one row per channel and campaign that any source names, '(none)' among them.
with campaigns as (
    select * from {{ ref('int_marketing_campaigns') }}
),

ads as (
    select * from {{ ref('int_ad_spend_daily') }}
),

days as (
    select * from {{ ref('fct_channel_daily') }}
),

members as (
    select
        channel,
        campaign
    from days
    union distinct
    select
        channel,
        campaign
    from campaigns
),

named as (
    select
        channel,
        campaign,
        min(campaign_name) as campaign_name,
        min(campaign_type) as campaign_type,
        sum(actual_cost) as actual_cost,
        count(*) as crm_campaigns_count
    from campaigns
    group by channel, campaign
),

advertised as (
    select
        channel,
        campaign,
        min(day) as first_ad_date,
        max(day) as last_ad_date
    from ads
    group by channel, campaign
),

final as (
    select
        members.channel,
        members.campaign,
        coalesce(named.campaign_name, members.campaign) as campaign_name,
        named.campaign_type,
        named.actual_cost,
        coalesce(named.crm_campaigns_count, 0) as crm_campaigns_count,
        advertised.first_ad_date,
        advertised.last_ad_date
    from members
    left join named
        on
            members.channel = named.channel
            and members.campaign = named.campaign
    left join advertised
        on
            members.channel = advertised.channel
            and members.campaign = advertised.campaign
)

select * from final
