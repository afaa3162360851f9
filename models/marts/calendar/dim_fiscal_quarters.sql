-- Grain: one row per fiscal quarter between the first change of a deal and the as-of date.
with states as (
    select * from {{ ref('int_deal_states') }}
),

as_of as (
    select * from {{ ref('dim_as_of') }}
),

bounds as (
    select {{ cut_day('min(valid_from)') }} as first_day
    from states
),

quarters as (
    select
        generate_series({{ cut_fiscal_quarter('bounds.first_day') }}, as_of.current_quarter, interval '3 months')::date as quarter,
        as_of.as_of_date
    from bounds
    cross join as_of
),

bounded as (
    select
        quarter,
        (quarter + interval '3 months')::date - 1 as last_day,
        as_of_date
    from quarters
),

numbered as (
    select
        *,
        extract(year from quarter + interval '{{ (13 - var("fiscal_year_start_month") | int) % 12 }} months')::integer as fiscal_year,
        ((extract(month from quarter)::integer - {{ var('fiscal_year_start_month') }} + 12) % 12) / 3 + 1 as quarter_of_year
    from bounded
),

final as (
    select
        quarter,
        fiscal_year || ' Q' || quarter_of_year as quarter_label,
        last_day,
        least(last_day, as_of_date) as measured_day,
        last_day <= as_of_date as is_complete,
        fiscal_year,
        quarter_of_year
    from numbered
)

select * from final
