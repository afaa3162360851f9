-- Grain: one row per month and channel, dense. Same-period columns divide the month's spend by what was won in the month;
-- cohort columns by what was won, ever since, of the deals created in it. The two are never mixed.
{% set cost_metrics = {
    'cost_per_lead': ('spend', 'leads_count'),
    'cost_per_opportunity': ('spend', 'opportunities_count'),
    'period_cac': ('spend', 'period_new_accounts_count'),
    'period_roas': ('period_revenue', 'spend'),
    'period_roi': ('period_revenue - spend', 'spend'),
    'cohort_cac': ('spend', 'cohort_new_accounts_count'),
    'cohort_roas': ('cohort_revenue', 'spend'),
    'cohort_roi': ('cohort_revenue - spend', 'spend'),
} %}

with days as (
    select * from {{ ref('fct_channel_daily') }}
),

deals as (
    select * from {{ ref('fct_deal_channels') }}
),

channels as (
    select * from {{ ref('dim_channels') }}
),

periods as (
    select
        date_trunc('month', day)::date as month,
        channel,
        {{ unless_all_unknown('sum(spend)', 'sum(ad_campaigns_count) - sum(missing_spend_count)', 'sum(missing_spend_count)') }} as spend,
        sum(missing_spend_count)::bigint as missing_spend_count,
        sum(leads_count)::bigint as leads_count,
        sum(opportunities_count)::bigint as opportunities_count,
        sum(won_count)::bigint as period_won_count,
        sum(new_accounts_count)::bigint as period_new_accounts_count,
        {{ unless_all_unknown('sum(revenue)', 'sum(won_count) - sum(missing_amount_count)', 'sum(missing_amount_count)') }} as period_revenue,
        sum(missing_amount_count)::bigint as period_missing_amount_count
    from days
    group by date_trunc('month', day), channel
),

cohorts as (
    select
        date_trunc('month', created_date)::date as month,
        channel,
        count(*) filter (where status = 'open') as cohort_open_count,
        count(*) filter (where status = 'won') as cohort_won_count,
        count(*) filter (where is_first_win_of_account) as cohort_new_accounts_count,
        {{ sum_known('revenue', "status = 'won'") }} as cohort_revenue,
        count(*) filter (where status = 'won' and revenue is null) as cohort_missing_amount_count
    from deals
    group by date_trunc('month', created_date), channel
),

grid as (
    select
        periods.*,
        channels.is_paid,
        {%- for measure in ['open_count', 'won_count', 'new_accounts_count', 'revenue', 'missing_amount_count'] %}
        case
            when periods.opportunities_count is null then null
            when cohorts.month is null then 0
            else cohorts.cohort_{{ measure }}
        end as cohort_{{ measure }},
        {%- endfor %}
        '{{ var("reporting_currency") }}' as currency
    from periods
    inner join channels on periods.channel = channels.channel
    left join cohorts
        on
            periods.month = cohorts.month
            and periods.channel = cohorts.channel
),

final as (
    select
        {%- for metric, (numerator, denominator) in cost_metrics.items() %}
        case when is_paid then {{ divide(numerator, denominator) }} end as {{ metric }},
        {%- endfor %}
        *
    from grid
)

select * from final
