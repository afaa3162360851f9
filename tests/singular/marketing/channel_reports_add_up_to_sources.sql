-- What staging and fct_deals hold is in every channel report exactly once, over all channels and months.
{% set reports = {
    'rep_channel_funnel_daily': {
        'impressions': 'impressions', 'clicks': 'clicks', 'sessions': 'sessions_count',
        'opportunities': 'opportunities_count', 'won': 'won_count',
    },
    'rep_marketing_efficiency_monthly': {
        'spend': 'spend', 'leads': 'leads_count', 'opportunities': 'opportunities_count', 'won': 'cohort_won_count',
        'revenue': 'period_revenue',
    },
} %}
{% set metrics = ['impressions', 'clicks', 'spend', 'sessions', 'form_submissions', 'opportunities', 'won', 'revenue'] %}

with ads as (
    select
        ads.impressions,
        ads.clicks,
        ads.spend_usd * rates.rate as spend
    from {{ ref('stg_marketing__ad_spend') }} as ads
    left join {{ ref('dim_exchange_rates') }} as rates
        on
            rates.currency = 'USD'
            and ads.spend_date >= rates.valid_from
            and ads.spend_date < rates.valid_to
    where
        not ads.is_deleted
        and {{ is_plausible_date('ads.spend_date', 'ads._loaded_at', is_date=true) }}
),

deals as (
    select * from {{ ref('fct_deals') }}
    where
        crm_source = 'salesforce'
        and created_date is not null
),

expected as (
    select
        'impressions' as measure,
        sum(impressions) as total
    from ads
    union all
    select
        'clicks' as measure,
        sum(clicks) as total
    from ads
    union all
    select
        'spend' as measure,
        sum(spend) as total
    from ads
    union all
    select
        'sessions' as measure,
        count(*) as total
    from {{ ref('stg_marketing__web_sessions') }}
    where
        not is_deleted
        and {{ is_plausible_date('session_date', is_date=true) }}
    union all
    select
        'form_submissions' as measure,
        sum(conversions) as total
    from {{ ref('stg_marketing__web_sessions') }}
    where
        not is_deleted
        and {{ is_plausible_date('session_date', is_date=true) }}
    union all
    select
        'leads' as measure,
        count(*) as total
    from {{ ref('stg_marketing__leads') }}
    where
        not is_deleted
        and {{ is_plausible_date('created_at') }}
    union all
    select
        'opportunities' as measure,
        count(*) as total
    from deals
    union all
    select
        'won' as measure,
        count(*) as total
    from deals
    where status = 'won'
    union all
    select
        'revenue' as measure,
        sum(reporting_amount) as total
    from deals
    where status = 'won'
),

held as (
    {%- for report, columns in reports.items() %}
    {%- for measure, column in columns.items() %}
    select
        '{{ report }}' as report,
        '{{ measure }}' as measure,
        sum({{ column }}) as total
    from {{ ref(report) }}
    union all
    {%- endfor %}
    {%- endfor %}
    select
        'rep_channel_metrics_monthly' as report,
        metric as measure,
        sum(value) as total
    from {{ ref('rep_channel_metrics_monthly') }}
    where metric in ('{{ metrics | join("', '") }}')
    group by metric
    union all
    select
        'rep_channel_metrics_totals' as report,
        metric as measure,
        value as total
    from {{ ref('rep_channel_metrics_totals') }}
    where
        period_type = 'all'
        and channel = 'All'
        and metric in ('{{ metrics | join("', '") }}')
)

select
    held.report,
    held.measure,
    held.total,
    expected.total as expected_total
from held
left join expected on held.measure = expected.measure
-- Spend is rounded to cents per day, channel and campaign, which only tells where it is converted.
where abs(coalesce(held.total, 0) - coalesce(expected.total, 0)) > case held.measure when 'spend' then 0.0001 * coalesce(expected.total, 0) else 0 end
