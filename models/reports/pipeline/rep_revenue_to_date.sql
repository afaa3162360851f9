-- Grain: one row per CRM and period (mtd, qtd, ytd), at as_of: what was won in the running month, fiscal quarter and fiscal
-- year, and by the same point of the period before: as many days into it, or its end when it is shorter.
{% set year_start -%}
(
    as_of.current_quarter
    - ((date_part('month', as_of.current_quarter)::integer - {{ var('fiscal_year_start_month') }} + 12) % 12) * interval '1 month'
)::date
{%- endset %}

with deals as (
    select * from {{ ref('fct_deals') }}
    where status = 'won'
),

as_of as (
    select * from {{ ref('dim_as_of') }}
),

sources as (
    select distinct crm_source
    from {{ ref('dim_deals') }}
),

periods as (
    select
        period_starts.period,
        period_starts.starts_on,
        as_of.as_of_date as ends_on,
        (period_starts.starts_on - period_starts.length)::date as previous_starts_on,
        least(
            (period_starts.starts_on - period_starts.length)::date + (as_of.as_of_date - period_starts.starts_on),
            period_starts.starts_on - 1
        ) as previous_ends_on
    from as_of
    cross join lateral (
        values
        ('mtd', as_of.current_month, interval '1 month'),
        ('qtd', as_of.current_quarter, interval '3 months'),
        ('ytd', {{ year_start }}, interval '1 year')
    ) as period_starts (period, starts_on, length)
),

final as (
    select
        sources.crm_source,
        periods.period,
        periods.starts_on,
        periods.ends_on,
        periods.previous_starts_on,
        periods.previous_ends_on,
        {{ sum_known('deals.reporting_amount', 'deals.closed_date >= periods.starts_on') }} as revenue,
        {{ sum_known('deals.reporting_amount', 'deals.closed_date <= periods.previous_ends_on') }} as previous_revenue,
        count(*) filter (where deals.closed_date >= periods.starts_on and deals.reporting_amount is null) as missing_amount_count
    from sources
    cross join periods
    left join deals
        on
            sources.crm_source = deals.crm_source
            and (
                deals.closed_date between periods.starts_on and periods.ends_on
                or deals.closed_date between periods.previous_starts_on and periods.previous_ends_on
            )
    group by
        sources.crm_source,
        periods.period,
        periods.starts_on,
        periods.ends_on,
        periods.previous_starts_on,
        periods.previous_ends_on
)

select * from final
