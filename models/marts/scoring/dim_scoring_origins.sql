-- Grain: one row per origin, a day before which everything that a score uses was known: the day after as_of, and the
-- newest month starts (var scoring_origins) whose outcomes are known, the var scoring_horizon_days later.
with as_of as (
    select * from {{ ref('dim_as_of') }}
),

quarters as (
    select * from {{ ref('dim_fiscal_quarters') }}
),

past as (
    select
        (date_trunc('month', as_of_date + 1 - {{ var('scoring_horizon_days') }}) - months_back * interval '1 month')::date as origin,
        false as is_current
    from as_of
    cross join generate_series(0, {{ var('scoring_origins') }} - 1) as months_back
),

origins as (
    select
        as_of_date + 1 as origin,
        true as is_current
    from as_of
    union all
    select
        origin,
        is_current
    from past
    where origin > (select min(quarter) from quarters)
),

final as (
    select
        origin,
        is_current,
        origin - 1 as as_of_date,
        {{ end_of_day('origin - 1') }} as known_at,
        {{ end_of_day('origin - 1 + ' ~ var('scoring_horizon_days')) }} as outcome_at
    from origins
)

select * from final
