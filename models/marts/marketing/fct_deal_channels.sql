-- Grain: one row per Salesforce deal. Its channel is that of the campaign it names, else that of its lead source.
-- Pipedrive's log has no source, so its deals are not here.
with deals as (
    select * from {{ ref('dim_deals') }}
    where
        crm_source = 'salesforce'
        and status in ('open', 'won', 'lost')
),

-- Here no lead source is NULL yet, and not 'Unknown'.
lead_sources as (
    select * from {{ ref('int_deal_attributes') }}
),

campaigns as (
    select * from {{ ref('int_marketing_campaigns') }}
),

channels as (
    select * from {{ ref('stg_settings__channels') }}
),

rates as (
    select * from {{ ref('dim_exchange_rates') }}
),

placed as (
    select
        deals.deal_key,
        deals.deal_id,
        deals.account_id,
        deals.campaign_id,
        coalesce(lower(lead_sources.lead_source), '(none)') as channel_spelling,
        coalesce(nullif(campaigns.channel, 'Unknown'), channels.channel, 'Unknown') as channel,
        coalesce(campaigns.campaign, lower(deals.campaign_id), '(none)') as campaign,
        deals.status,
        deals.created_at,
        deals.created_date,
        case when deals.status = 'won' then coalesce(deals.closed_date, deals.created_date) end as won_date,
        deals.status = 'won' and deals.closed_date is null as is_won_undated,
        round(deals.amount * rates.rate, 2) as reporting_amount
    from deals
    left join lead_sources on deals.deal_key = lead_sources.deal_key
    left join campaigns on deals.campaign_id = campaigns.campaign_id
    left join channels on coalesce(lower(lead_sources.lead_source), '(none)') = channels.spelling
    left join rates
        on
            coalesce(deals.currency, '{{ var("reporting_currency") }}') = rates.currency
            and coalesce(deals.rate_date, 'epoch') >= rates.valid_from
            and coalesce(deals.rate_date, 'epoch') < rates.valid_to
),

final as (
    select
        *,
        case when status = 'won' then reporting_amount end as revenue,
        status = 'won'
        and account_id <> 'Unknown'
        and row_number() over (partition by account_id, status order by won_date, deal_id) = 1 as is_first_win_of_account,
        '{{ var("reporting_currency") }}' as currency
    from placed
)

select * from final
