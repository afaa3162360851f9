-- Grain: one row per CRM, origin month, target month and method. The interval aims at 80 %: the forecast plus and minus
-- the error that 80 % of past ones did not exceed, the error to come counted among them (of four errors the largest, of
-- nine the eighth); fewer than four, no interval. Errors are those at the same horizon, of target months that were over
-- before the origin, by what was known then.
with forecasts as (
    select * from {{ ref('int_forecasts') }}
),

revenue as (
    select * from {{ ref('int_revenue_as_known') }}
),

bands as (
    select * from {{ ref('stg_settings__pipeline_health_bands') }}
),

as_of as (
    select * from {{ ref('dim_as_of') }}
),

errors as (
    select
        revenue.crm_source,
        revenue.origin,
        forecasts.horizon,
        forecasts.method,
        count(*) as tests_count,
        (array_agg(abs(revenue.revenue - forecasts.forecast) order by abs(revenue.revenue - forecasts.forecast)))[ceil(0.8 * (count(*) + 1))::integer]
            as likely_error,
        {{ divide('sum(abs(revenue.revenue - forecasts.forecast))', 'sum(abs(revenue.revenue))', 6) }} as past_wape
    from revenue
    inner join forecasts
        on
            revenue.crm_source = forecasts.crm_source
            and revenue.month = forecasts.target_month
            and revenue.origin > forecasts.target_month
    where forecasts.forecast is not null
    group by revenue.crm_source, revenue.origin, forecasts.horizon, forecasts.method
),

intervals as (
    select
        forecasts.*,
        -- Not greatest(): it would turn no forecast into zero.
        case when forecasts.forecast < errors.likely_error then 0 else forecasts.forecast - errors.likely_error end as forecast_low,
        forecasts.forecast + errors.likely_error as forecast_high,
        coalesce(errors.tests_count, 0) as interval_tests_count,
        errors.past_wape
    from forecasts
    left join errors
        on
            forecasts.crm_source = errors.crm_source
            and forecasts.origin = errors.origin
            and forecasts.horizon = errors.horizon
            and forecasts.method = errors.method
),

-- How often the intervals published before held.
held as (
    select
        revenue.crm_source,
        revenue.origin,
        intervals.horizon,
        intervals.method,
        count(*) as intervals_count,
        count(*) filter (where revenue.revenue between intervals.forecast_low and intervals.forecast_high) as held_count
    from revenue
    inner join intervals
        on
            revenue.crm_source = intervals.crm_source
            and revenue.month = intervals.target_month
            and revenue.origin > intervals.target_month
    where intervals.forecast_low is not null
    group by revenue.crm_source, revenue.origin, intervals.horizon, intervals.method
),

final as (
    select
        intervals.crm_source,
        intervals.origin,
        intervals.target_month,
        to_char(intervals.target_month, 'YYYY-MM') as month_label,
        intervals.horizon::integer as horizon,
        intervals.method,
        intervals.forecast,
        intervals.forecast_low,
        intervals.forecast_high,
        intervals.interval_tests_count,
        coalesce(held.intervals_count, 0) as past_intervals_count,
        {{ divide('held.held_count', 'held.intervals_count') }} as past_interval_coverage,
        actuals.revenue as actual_revenue,
        intervals.origin = as_of.forecast_origin as is_current,
        intervals.past_wape,
        qualities.band as forecast_quality,
        intervals.overdue_share,
        intervals.largest_deal_share,
        risks.band as forecast_risk
    from intervals
    cross join as_of
    left join bands as qualities
        on
            qualities.part = 'forecast_quality'
            and intervals.forecast_low is not null
            and intervals.past_wape >= qualities.min_value
            and intervals.past_wape < qualities.max_value
    -- The graver one of two.
    left join lateral (
        select bands.band
        from (values ('overdue_share', intervals.overdue_share), ('largest_deal_share', intervals.largest_deal_share)) as parts (measure, value)
        inner join bands on 'forecast_risk_' || parts.measure = bands.part and parts.value >= bands.min_value and parts.value < bands.max_value
        order by bands.points desc
        limit 1
    ) as risks on true
    left join held
        on
            intervals.crm_source = held.crm_source
            and intervals.origin = held.origin
            and intervals.horizon = held.horizon
            and intervals.method = held.method
    left join revenue as actuals
        on
            intervals.crm_source = actuals.crm_source
            and intervals.target_month = actuals.month
            and as_of.forecast_origin = actuals.origin
)

select * from final
