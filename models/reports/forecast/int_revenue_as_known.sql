-- Grain: one row per CRM, origin (first of a month) and earlier month, dense. Revenue won in the month by what was
-- known at the origin: deals that were won at that instant, at the amount they had then. What happened on or
-- after the origin, a reopening or a correction of the amount included, does not show. A load of corrected history does.
with states as (
    select * from {{ ref('int_deal_states') }}
),

won_states as (
    select * from {{ ref('fct_deal_states') }}
    where status = 'won'
),

as_of as (
    select * from {{ ref('dim_as_of') }}
),

-- Where no amount is in the export, revenue is not known, and nothing can be forecast.
coverage as (
    select * from {{ ref('dim_export_coverage') }}
    where knows_amounts
),

bounds as (
    select
        states.crm_source,
        date_trunc('month', {{ cut_day('min(states.valid_from)') }})::date as first_month
    from states
    inner join coverage on states.crm_source = coverage.crm_source
    group by states.crm_source
),

origins as (
    select
        bounds.crm_source,
        bounds.first_month,
        origin_start::date as origin
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

-- A win counts from the first origin after it became known and its month was over, until the one after it ceased to be.
wins as (
    select
        crm_source,
        date_trunc('month', closed_date)::date as month,
        (greatest({{ cut_month('valid_from') }}, date_trunc('month', closed_date)) + interval '1 month')::date as first_origin,
        ({{ cut_month('valid_to') }} + interval '1 month')::date as end_origin,
        reporting_amount
    from won_states
    where closed_date is not null
),

changes as (
    select
        wins.crm_source,
        wins.month,
        ends.origin,
        sum(ends.sign * wins.reporting_amount) as revenue,
        sum(ends.sign) as won_count,
        sum(ends.sign) filter (where wins.reporting_amount is null) as missing_amount_count
    from wins
    cross join
        lateral (
            values
            (wins.first_origin, 1),
            (wins.end_origin, -1)
        ) as ends (origin, sign)
    where
        ends.origin is not null
        and (wins.end_origin is null or wins.first_origin < wins.end_origin)
    group by wins.crm_source, wins.month, ends.origin
),

final as (
    select
        grid.crm_source,
        grid.origin,
        grid.month,
        coalesce(sum(changes.revenue) over so_far, 0) as revenue,
        coalesce(sum(changes.won_count) over so_far, 0)::bigint as won_count,
        coalesce(sum(changes.missing_amount_count) over so_far, 0)::bigint as missing_amount_count
    from grid
    left join changes
        on
            grid.crm_source = changes.crm_source
            and grid.origin = changes.origin
            and grid.month = changes.month
    window so_far as (partition by grid.crm_source, grid.month order by grid.origin)
)

select * from final
