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
    where is_current and method = 'blend'
),

thresholds as (
    select * from {{ ref('stg_settings__alert_thresholds') }}
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
        sum(deals.reporting_amount * deals.probability / 100) as weighted_amount,
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

measured as (
    select
        health.crm_source,
        as_of.as_of_date,
        health.quarter_label,
        {% for period in ['mtd', 'qtd', 'ytd'] -%}
        case when revenue.crm_source is null then 0 else revenue.revenue_{{ period }} end as revenue_{{ period }},
        case when revenue.crm_source is null then 0 else revenue.revenue_{{ period }}_previous end as revenue_{{ period }}_previous,
        {{ divide('revenue.revenue_' ~ period ~ ' - revenue.revenue_' ~ period ~ '_previous', 'revenue.revenue_' ~ period ~ '_previous', 6) }}
            as revenue_{{ period }}_change,
        {% endfor -%}
        coalesce(open_now.open_count, 0) as open_count,
        {% for measure in ['open_amount', 'weighted_amount', 'open_due_amount'] -%}
        case when open_now.crm_source is null then 0 else round(open_now.{{ measure }}, 2) end as {{ measure }},
        {% endfor -%}
        quotas.quota,
        -- Mind that greatest() passes over NULL.
        {{ divide(
            'case when open_now.crm_source is null then 0 else open_now.open_due_amount end',
            'case when revenue.revenue_qtd is not null then greatest(quotas.quota - revenue.revenue_qtd, 0) end',
            6
        ) }} as coverage_ratio,
        coalesce(trend.won_count, 0) as won_count_qtd,
        coalesce(trend.lost_count, 0) as lost_count_qtd,
        trend.win_rate as win_rate_qtd,
        trend.win_rate_change_pp,
        coalesce(open_now.overdue_count, 0) as overdue_count,
        {{ divide('open_now.overdue_count', 'open_now.open_count', 6) }} as overdue_share,
        coalesce(open_now.missing_amount_count, 0) as missing_amount_count,
        {{ divide('open_now.missing_amount_count', 'open_now.open_count', 6) }} as missing_amount_share,
        health.health_score,
        health.health_status,
        health.risk_level,
        slipped.cohort_count::bigint as slippage_cohort_count,
        slipped.slipped_count::bigint as slipped_count,
        {{ divide('slipped.slipped_count', 'slipped.cohort_count', 6) }} as slippage_rate,
        expected.forecast_next_month,
        expected.forecast_next_3_months
    from as_of
    inner join health on as_of.current_quarter = health.quarter
    left join revenue on health.crm_source = revenue.crm_source
    left join open_now on health.crm_source = open_now.crm_source
    left join quotas on health.crm_source = quotas.crm_source
    left join trend on (health.crm_source, health.quarter) = (trend.crm_source, trend.quarter)
    left join slipped on health.crm_source = slipped.crm_source
    left join expected on health.crm_source = expected.crm_source
),

-- The gravest threshold passed; of several as grave the one passed farthest, measured by its own size.
insights as (
    select distinct on (measured.crm_source)
        measured.crm_source,
        metrics.metric || ' is ' || trim_scale(round(metrics.value, 6)) || ', ' || thresholds.direction || ' '
        || trim_scale(thresholds.threshold) || coalesce(': ' || thresholds.insight, '') as key_insight,
        thresholds.recommendation
    from measured
    cross join
        lateral (
            values
            {%- for metric, base in dashboard_metrics().items() %}
            ('{{ metric }}', measured.{{ metric }}, coalesce({{ base }}, 0)){{ ',' if not loop.last }}
            {%- endfor %}
        ) as metrics (metric, value, base_count)
    inner join thresholds
        on metrics.metric = thresholds.metric and metrics.base_count >= thresholds.min_base and {{ passes_threshold('metrics.value') }}
    order by
        measured.crm_source asc, {{ severity_rank('thresholds.severity') }} asc,
        abs((metrics.value - thresholds.threshold) / nullif(thresholds.threshold, 0)) desc nulls last, metrics.metric asc
),

final as (
    select
        measured.*,
        coalesce(insights.key_insight, 'No threshold is passed') as key_insight,
        insights.recommendation
    from measured
    left join insights on measured.crm_source = insights.crm_source
)

select * from final
