-- Grain: one row per CRM, at as_of. Reads marts only. Each to-date figure stands beside the same point of the previous
-- period: as many days into it, or its end when it is shorter.
with deals as (
    select * from {{ ref('fct_deals') }}
),

as_of as (
    select * from {{ ref('dim_as_of') }}
),

to_date_figures as (
    select * from {{ ref('rep_revenue_to_date') }}
),

coverage as (
    select * from {{ ref('rep_pipeline_coverage') }}
),

health as (
    select * from {{ ref('rep_pipeline_health') }}
),

trend as (
    select * from {{ ref('rep_win_rate_trend') }}
    where dimension = 'all'
),

slippage as (
    select * from {{ ref('rep_slippage_quarterly') }}
    where is_complete
),

forecasts as (
    select * from {{ ref('rep_revenue_forecast') }}
    where
        is_current
        and method = 'blend'
),

revenue as (
    select
        {%- for period in ['mtd', 'qtd', 'ytd'] %}
        sum(revenue) filter (where period = '{{ period }}') as revenue_{{ period }},
        sum(previous_revenue) filter (where period = '{{ period }}') as revenue_{{ period }}_previous,
        {%- endfor %}
        crm_source
    from to_date_figures
    group by crm_source
),

open_now as (
    select
        deals.crm_source,
        count(*) as open_count,
        sum(deals.reporting_amount) as open_amount,
        round(sum(deals.reporting_amount * deals.probability / 100), 2) as weighted_amount,
        {{ sum_known(
            'deals.reporting_amount',
            "deals.close_date between as_of.current_quarter and as_of.current_quarter + interval '3 months' - interval '1 day'"
        ) }} as open_due_amount,
        count(*) filter (where deals.close_date < as_of.as_of_date) as overdue_count,
        count(*) filter (where deals.reporting_amount is null) as missing_amount_count
    from deals
    cross join as_of
    where deals.status = 'open'
    group by deals.crm_source
),

quotas as (
    select
        coverage.crm_source,
        sum(coverage.quota) as quota
    from coverage
    inner join as_of on coverage.quarter = as_of.current_quarter
    where coverage.snapshot_date = (select max(latest.snapshot_date) from coverage as latest)
    group by coverage.crm_source
),

slipped as (
    select
        crm_source,
        sum(cohort_count) as cohort_count,
        sum(slipped_count) as slipped_count
    from slippage
    where quarter = (select max(latest.quarter) from slippage as latest)
    group by crm_source
),

expected as (
    select
        crm_source,
        sum(forecast) filter (where horizon = 1) as forecast_next_month,
        sum(forecast) filter (where horizon <= 3) as forecast_next_3_months
    from forecasts
    group by crm_source
),

final as (
    select
        health.crm_source,
        as_of.as_of_date,
        {% for period in ['mtd', 'qtd', 'ytd'] -%}
        case when revenue.crm_source is null then 0 else revenue.revenue_{{ period }} end as revenue_{{ period }},
        case when revenue.crm_source is null then 0 else revenue.revenue_{{ period }}_previous end as revenue_{{ period }}_previous,
        round(revenue.revenue_{{ period }} / nullif(revenue.revenue_{{ period }}_previous, 0) - 1, 6) as revenue_{{ period }}_change,
        {% endfor -%}
        coalesce(open_now.open_count, 0) as open_count,
        {% for measure in ['open_amount', 'weighted_amount', 'open_due_amount'] -%}
        case when open_now.crm_source is null then 0 else open_now.{{ measure }} end as {{ measure }},
        {% endfor -%}
        quotas.quota,
        -- Mind that greatest() passes over NULL.
        round(
            case when open_now.crm_source is null then 0 else open_now.open_due_amount end
            / nullif(case when revenue.revenue_qtd is not null then greatest(quotas.quota - revenue.revenue_qtd, 0) end, 0),
            6
        ) as coverage_ratio,
        coalesce(trend.won_count, 0) as won_count_qtd,
        coalesce(trend.lost_count, 0) as lost_count_qtd,
        trend.win_rate as win_rate_qtd,
        trend.win_rate_change_pp,
        coalesce(open_now.overdue_count, 0) as overdue_count,
        round(open_now.overdue_count::numeric / nullif(open_now.open_count, 0), 6) as overdue_share,
        coalesce(open_now.missing_amount_count, 0) as missing_amount_count,
        round(open_now.missing_amount_count::numeric / nullif(open_now.open_count, 0), 6) as missing_amount_share,
        health.health_score,
        health.health_status,
        slipped.cohort_count::bigint as slippage_cohort_count,
        slipped.slipped_count::bigint as slipped_count,
        round(slipped.slipped_count / nullif(slipped.cohort_count, 0), 6) as slippage_rate,
        expected.forecast_next_month,
        expected.forecast_next_3_months
    from as_of
    inner join health on as_of.current_quarter = health.quarter
    left join revenue on health.crm_source = revenue.crm_source
    left join open_now on health.crm_source = open_now.crm_source
    left join quotas on health.crm_source = quotas.crm_source
    left join trend
        on
            health.crm_source = trend.crm_source
            and health.quarter = trend.quarter
    left join slipped on health.crm_source = slipped.crm_source
    left join expected on health.crm_source = expected.crm_source
)

select * from final
