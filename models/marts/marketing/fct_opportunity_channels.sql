-- Grain: one row per Salesforce opportunity. Its channel is that of the campaign it names, else that of its lead source.
-- Pipedrive's log has no source, so its deals are not here.
with opportunities as (
    select * from {{ ref('fct_opportunities') }}
    where crm_source = 'salesforce'
),

-- Here no lead source is NULL yet, and not 'Unknown'.
lead_sources as (
    select * from {{ ref('int_opportunities_current') }}
    where crm_source = 'salesforce'
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
        opportunities.opportunity_id,
        opportunities.account_id,
        opportunities.campaign_id,
        coalesce(lower(lead_sources.lead_source), '(none)') as channel_spelling,
        coalesce(nullif(campaigns.channel, 'Unknown'), channels.channel, 'Unknown') as channel,
        coalesce(campaigns.campaign, lower(opportunities.campaign_id), '(none)') as campaign,
        opportunities.status,
        opportunities.created_at,
        opportunities.created_date,
        case when opportunities.status = 'won' then coalesce(opportunities.closed_date, opportunities.created_date) end as won_date,
        opportunities.status = 'won' and opportunities.closed_date is null as is_won_undated,
        round(opportunities.amount * rates.rate, 2) as reporting_amount
    from opportunities
    left join lead_sources on opportunities.opportunity_id = lead_sources.opportunity_id
    left join campaigns on opportunities.campaign_id = campaigns.campaign_id
    left join channels on coalesce(lower(lead_sources.lead_source), '(none)') = channels.spelling
    left join rates
        on
            coalesce(opportunities.currency, '{{ var("reporting_currency") }}') = rates.currency
            and coalesce(opportunities.rate_date, 'epoch') >= rates.valid_from
            and coalesce(opportunities.rate_date, 'epoch') < rates.valid_to
),

final as (
    select
        *,
        case when status = 'won' then reporting_amount end as revenue,
        status = 'won'
        and account_id <> 'Unknown'
        and row_number() over (partition by account_id, status order by won_date, opportunity_id) = 1 as is_first_win_of_account,
        '{{ var("reporting_currency") }}' as currency
    from placed
)

select * from final
