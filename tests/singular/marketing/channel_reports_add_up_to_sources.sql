-- What staging and fct_deals hold is in every channel report exactly once, over all channels and months.
{% set reports = {
    'rep_channel_funnel_daily': {
        'impressions': 'impressions', 'clicks': 'clicks', 'sessions': 'sessions_count',
        'opportunities': 'opportunities_count', 'won': 'won_count',
    },
    'rep_marketing_efficiency_monthly': {
        'spend': 'spend', 'leads': 'leads_count', 'opportunities': 'opportunities_count', 'cohort_won': 'cohort_won_count',
        'revenue': 'period_revenue',
    },
    'fct_channel_daily': {'spend': 'spend', 'revenue': 'revenue'},
} %}
{% set metrics = ['impressions', 'clicks', 'spend', 'sessions', 'form_submissions', 'opportunities', 'won', 'revenue'] %}

with rates as (
    select * from {{ ref('dim_exchange_rates') }}
),

ads as (
    select
        ads.impressions,
        ads.clicks,
        {{ convert_currency('ads.spend') }} as spend
    from {{ ref('stg_marketing__ad_spend') }} as ads
    {{ join_rate('ads', 'ads.spend_date') }}
    where
        not ads.is_deleted
        and {{ is_plausible_date('ads.spend_date', 'ads._loaded_at', is_date=true) }}
),

-- A win counts on the day that it closed on, or else on that of its creation.
deals as (
    select
        *,
        case when status = 'won' then coalesce(closed_date, created_date) end as won_date
    from {{ ref('fct_deals') }}
    where crm_source = 'salesforce'
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
        count(created_date) as total
    from deals
    union all
    select
        'cohort_won' as measure,
        count(created_date) as total
    from deals
    where status = 'won'
    union all
    select
        'won' as measure,
        count(won_date) as total
    from deals
    union all
    select
        'revenue' as measure,
        sum(reporting_amount) as total
    from deals
    where won_date is not null
),

held as (
    {%- for report, columns in reports.items() %}
    {%- for measure, column in columns.items() %}
    select
        '{{ report }}' as report,
        '{{ measure }}' as measure,
        sum({{ column }}) as total,
        count(*) as rows_count
    from {{ ref(report) }}
    union all
    {%- endfor %}
    {%- endfor %}
    select
        'rep_channel_metrics_monthly' as report,
        metric as measure,
        sum(value) as total,
        0 as rows_count
    from {{ ref('rep_channel_metrics_monthly') }}
    where metric in ('{{ metrics | join("', '") }}')
    group by metric
)

select
    held.report,
    held.measure,
    held.total,
    expected.total as expected_total
from held
left join expected on held.measure = expected.measure
-- One report rounds money, each row by half a cent at most. The others and their fact hold all digits.
where
    abs(coalesce(held.total, 0) - coalesce(expected.total, 0))
    > case when held.report = 'rep_marketing_efficiency_monthly' and held.measure in ('spend', 'revenue') then 0.005 * held.rows_count else 0 end
