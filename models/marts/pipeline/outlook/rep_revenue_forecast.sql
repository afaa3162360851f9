-- Grain: one row per CRM, origin month, target month and method: the candidates and their blend. The blend weighs each
-- method by the inverse of its absolute errors at the same horizon; weights and intervals use only target months that
-- were over before the origin, by what was known then. Fewer than six such errors: equal weights, no interval.
with candidates as (
    select * from {{ ref('fct_forecast_candidates') }}
),

revenue as (
    select * from {{ ref('fct_revenue_as_known') }}
),

as_of as (
    select * from {{ ref('dim_pipeline_as_of') }}
),

-- What each method would have said at earlier origins against what was known of those months at this origin.
tested as (
    select
        revenue.crm_source,
        revenue.origin,
        candidates.horizon,
        candidates.method,
        count(*) as tests_count,
        sum(abs(revenue.revenue - candidates.forecast)) as absolute_error
    from revenue
    inner join candidates
        on
            revenue.crm_source = candidates.crm_source
            and revenue.month = candidates.target_month
            and revenue.origin > candidates.target_month
    where candidates.forecast is not null
    group by revenue.crm_source, revenue.origin, candidates.horizon, candidates.method
),

weighted as (
    select
        candidates.*,
        case
            when min(coalesce(tested.tests_count, 0)) over same_target < 6 then 1
            else 1 / greatest(tested.absolute_error / tested.tests_count, 0.01)
        end as weight
    from candidates
    left join tested
        on
            candidates.crm_source = tested.crm_source
            and candidates.origin = tested.origin
            and candidates.horizon = tested.horizon
            and candidates.method = tested.method
    where
        candidates.method <> 'naive'
        and candidates.forecast is not null
    window same_target as (partition by candidates.crm_source, candidates.origin, candidates.horizon)
),

forecasts as (
    select
        crm_source,
        origin,
        horizon,
        target_month,
        method,
        forecast
    from candidates
    union all
    select
        crm_source,
        origin,
        horizon,
        target_month,
        'blend' as method,
        round(sum(weight * forecast) / sum(weight), 2) as forecast
    from weighted
    group by crm_source, origin, horizon, target_month
),

errors as (
    select
        revenue.crm_source,
        revenue.origin,
        forecasts.horizon,
        forecasts.method,
        count(*) as tests_count,
        percentile_cont(0.1) within group (order by (revenue.revenue - forecasts.forecast)::double precision)::numeric as low_error,
        percentile_cont(0.9) within group (order by (revenue.revenue - forecasts.forecast)::double precision)::numeric as high_error
    from revenue
    inner join forecasts
        on
            revenue.crm_source = forecasts.crm_source
            and revenue.month = forecasts.target_month
            and revenue.origin > forecasts.target_month
    where forecasts.forecast is not null
    group by revenue.crm_source, revenue.origin, forecasts.horizon, forecasts.method
),

final as (
    select
        forecasts.crm_source,
        forecasts.origin,
        forecasts.target_month,
        forecasts.horizon::integer as horizon,
        forecasts.method,
        forecasts.forecast,
        case when errors.tests_count >= 6 and forecasts.forecast is not null then greatest(round(forecasts.forecast + errors.low_error, 2), 0) end
            as forecast_low,
        case when errors.tests_count >= 6 and forecasts.forecast is not null then greatest(round(forecasts.forecast + errors.high_error, 2), 0) end
            as forecast_high,
        coalesce(errors.tests_count, 0) as interval_tests_count,
        actuals.revenue as actual_revenue,
        forecasts.origin = as_of.forecast_origin as is_current
    from forecasts
    cross join as_of
    left join errors
        on
            forecasts.crm_source = errors.crm_source
            and forecasts.origin = errors.origin
            and forecasts.horizon = errors.horizon
            and forecasts.method = errors.method
    left join revenue as actuals
        on
            forecasts.crm_source = actuals.crm_source
            and forecasts.target_month = actuals.month
            and as_of.forecast_origin = actuals.origin
)

select * from final
