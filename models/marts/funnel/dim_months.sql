-- Grain: one row per month between the first and the last funnel event.
with bounds as (
    select
        min(occurred_month) as first_month,
        max(occurred_month) as last_month
    from {{ ref('fct_funnel_events') }}
),

months as (
    select generate_series(first_month, last_month, interval '1 month')::date as month
    from bounds
),

final as (
    select
        month,
        (month + interval '1 month')::date as next_month,
        date_trunc('quarter', month)::date as quarter,
        extract(year from month)::integer as calendar_year,
        extract(month from month)::integer as month_of_year
    from months
)

select * from final
