-- Grain: one row per CRM, origin (first of a month) and earlier month, dense. Revenue won in the month by what was
-- known at the origin: opportunities that were won at that instant, at the amount they had then. What happened on or
-- after the origin, a reopening or a correction of the amount included, does not show. A load of corrected history does.
with states as (
    select * from {{ ref('fct_opportunity_states') }}
),

as_of as (
    select * from {{ ref('dim_pipeline_as_of') }}
),

bounds as (
    select
        states.crm_source,
        date_trunc('month', {{ cut_day('min(states.valid_from)') }})::date as first_month
    from states
    group by states.crm_source
),

origins as (
    select
        bounds.crm_source,
        bounds.first_month,
        origin_start::date as origin,
        {{ end_of_day('origin_start::date - 1') }} as known_at
    from bounds
    cross join as_of
    cross join lateral generate_series(bounds.first_month + interval '1 month', as_of.forecast_origin, interval '1 month') as origin_start
),

grid as (
    select
        origins.crm_source,
        origins.origin,
        month_start::date as month
    from origins
    cross join lateral generate_series(origins.first_month, origins.origin - interval '1 month', interval '1 month') as month_start
),

won as (
    select
        origins.crm_source,
        origins.origin,
        date_trunc('month', states.closed_date)::date as month,
        sum(states.reporting_amount) as revenue,
        count(*) as won_count,
        count(*) filter (where states.reporting_amount is null) as missing_amount_count
    from origins
    inner join states
        on
            origins.crm_source = states.crm_source
            and origins.known_at > states.valid_from
            and (states.valid_to is null or origins.known_at <= states.valid_to)
            and origins.origin > states.closed_date
    where states.status = 'won'
    group by origins.crm_source, origins.origin, date_trunc('month', states.closed_date)
),

final as (
    select
        grid.crm_source,
        grid.origin,
        grid.month,
        coalesce(won.revenue, 0) as revenue,
        coalesce(won.won_count, 0) as won_count,
        coalesce(won.missing_amount_count, 0) as missing_amount_count
    from grid
    left join won
        on
            grid.crm_source = won.crm_source
            and grid.origin = won.origin
            and grid.month = won.month
)

select * from final
