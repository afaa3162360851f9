-- Grain: one row per day, channel and campaign, dense between the first and the last day of any source. Each source is
-- counted alone and zero-filled in the months that it covers; outside of them its measures are NULL, for not known.
{{ config(pre_hook="{{ avoid_merge_joins() }}") }}
{% set measures = {
    'ads': ['impressions', 'clicks', 'ad_campaigns_count'],
    'sessions': ['sessions_count', 'converted_sessions_count', 'form_submissions_count'],
    'leads': ['leads_count'],
    'created': ['opportunities_count'],
    'won': ['won_count', 'undated_won_count', 'new_accounts_count', 'missing_amount_count'],
} %}

with rates as (
    select * from {{ ref('dim_exchange_rates') }}
),

spent as (
    select * from {{ ref('int_ad_spend_daily') }}
),

-- Of a row without an amount or a rate nobody knows how much was spent.
ads as (
    select
        spent.day,
        spent.channel,
        spent.campaign,
        sum(spent.impressions)::bigint as impressions,
        sum(spent.clicks)::bigint as clicks,
        sum(spent.ad_campaigns_count)::bigint as ad_campaigns_count,
        sum(case when rates.rate is null then spent.ad_campaigns_count else spent.missing_spend_count end)::bigint as missing_spend_count,
        sum({{ convert_currency('spent.spend') }})::numeric(28, 6) as spend
    from spent
    {{ join_rate('spent', 'spent.day') }}
    group by spent.day, spent.channel, spent.campaign
),

sessions as (
    select * from {{ ref('int_web_sessions_daily') }}
),

-- A lead names a source but no campaign.
leads as (
    select
        created_date as day,
        channel,
        '(none)' as campaign,
        count(*) as leads_count
    from {{ ref('fct_leads') }}
    where
        crm_source = 'salesforce'
        and created_date is not null
    group by created_date, channel
),

deals as (
    select * from {{ ref('fct_deal_channels') }}
),

created as (
    select
        created_date as day,
        channel,
        campaign,
        count(*) as opportunities_count
    from deals
    where created_date is not null
    group by created_date, channel, campaign
),

won as (
    select
        won_date as day,
        channel,
        campaign,
        count(*) as won_count,
        count(*) filter (where is_won_undated) as undated_won_count,
        count(*) filter (where is_first_win_of_account) as new_accounts_count,
        count(*) filter (where revenue is null) as missing_amount_count,
        sum(revenue) as revenue
    from deals
    where won_date is not null
    group by won_date, channel, campaign
),

cells as (
    {%- for relation in measures %}
    select
        '{{ 'crm' if relation in ('created', 'won') else relation }}' as source_name,
        day,
        channel,
        campaign
    from {{ relation }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

coverage as (
    select * from {{ ref('dim_export_coverage') }}
    where crm_source = 'salesforce'
),

-- A CRM that logs changes is loaded, whether or not a deal was created or won since.
covered as (
    select
        cells.source_name,
        date_trunc('month', min(cells.day)) as starts_at,
        date_trunc('month', greatest(max(cells.day), max({{ cut_day('coverage.newest_event_at') }}))) + interval '1 month' as ends_at
    from cells
    left join coverage on cells.source_name = 'crm'
    group by cells.source_name
),

series as (
    select generate_series(min(day), max(day), interval '1 day') as day
    from cells
),

days as (
    select
        {%- for source in ['ads', 'sessions', 'leads', 'crm'] %}
        coalesce(bool_or(covered.source_name = '{{ source }}'), false) as has_{{ source }},
        {%- endfor %}
        series.day::date as day
    from series
    left join covered
        on
            series.day >= covered.starts_at
            and series.day < covered.ends_at
    group by series.day
),

members as (
    select distinct
        channel,
        campaign
    from cells
),

final as (
    select
        days.day,
        members.channel,
        members.campaign,
        {%- for relation, names in measures.items() %}
        {%- for name in names %}
        case when days.has_{{ 'crm' if relation in ('created', 'won') else relation }} then coalesce({{ relation }}.{{ name }}, 0) end as {{ name }},
        {%- endfor %}
        {%- endfor %}
        case when days.has_ads then coalesce(ads.missing_spend_count, 0) end as missing_spend_count,
        -- Without a row nothing was spent or won.
        case
            when not days.has_ads then null
            when ads.day is null then 0
            else ads.spend
        end as spend,
        case
            when not days.has_crm then null
            when won.day is null then 0
            else won.revenue
        end as revenue,
        '{{ var("reporting_currency") }}' as currency
    from days
    cross join members
    {%- for relation in measures %}
    left join {{ relation }}
        on
            days.day = {{ relation }}.day
            and members.channel = {{ relation }}.channel
            and members.campaign = {{ relation }}.campaign
    {%- endfor %}
)

select * from final
