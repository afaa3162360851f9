-- Grain: one row per CRM, method and horizon: the rolling-origin backtest over target months that are over. Methods that
-- need more history are tested on fewer origins, so each is compared with the naive method on its own origins.
with forecasts as (
    select * from {{ ref('rep_revenue_forecast') }}
    where
        actual_revenue is not null
        and forecast is not null
),

compared as (
    select
        *,
        max(forecast) filter (where method = 'naive') over (partition by crm_source, origin, horizon) as naive_forecast
    from forecasts
),

measured as (
    select
        crm_source,
        method,
        horizon,
        count(*) as tests_count,
        min(origin) as first_origin,
        max(origin) as last_origin,
        sum(abs(actual_revenue)) as actual_revenue,
        sum(abs(actual_revenue - forecast)) as absolute_error,
        sum(abs(actual_revenue - naive_forecast)) as naive_absolute_error,
        sum(forecast - actual_revenue) as signed_error,
        avg({{ divide('abs(actual_revenue - forecast)', 'actual_revenue', 14) }}) as mape,
        count(nullif(actual_revenue, 0)) as mape_tests_count,
        count(forecast_low) as interval_tests_count,
        count(*) filter (where actual_revenue between forecast_low and forecast_high) as inside_interval_count
    from compared
    group by crm_source, method, horizon
),

final as (
    select
        crm_source,
        method,
        horizon,
        tests_count,
        first_origin,
        last_origin,
        actual_revenue,
        absolute_error,
        naive_absolute_error,
        signed_error,
        {{ divide('absolute_error', 'actual_revenue', 6) }} as wape,
        {{ divide('signed_error', 'actual_revenue', 6) }} as bias,
        round(mape, 6) as mape,
        mape_tests_count,
        {{ divide('naive_absolute_error', 'actual_revenue', 6) }} as naive_wape,
        absolute_error < naive_absolute_error as is_better_than_naive,
        interval_tests_count,
        {{ divide('inside_interval_count', 'interval_tests_count', 6) }} as interval_coverage
    from measured
)

select * from final
