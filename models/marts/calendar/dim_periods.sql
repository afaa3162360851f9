-- Grain: one row per period type (month, quarter) and period that dim_fiscal_quarters holds.
with quarters as (
    select * from {{ ref('dim_fiscal_quarters') }}
),

as_of as (
    select * from {{ ref('dim_as_of') }}
),

final as (
    select
        'quarter' as period_type,
        quarter as period,
        quarter,
        measured_day,
        is_complete
    from quarters
    union all
    select
        'month' as period_type,
        month_start::date as period,
        quarters.quarter,
        least((month_start + interval '1 month')::date - 1, as_of.as_of_date) as measured_day,
        (month_start + interval '1 month')::date - 1 <= as_of.as_of_date as is_complete
    from quarters
    cross join as_of
    cross join lateral generate_series(quarters.quarter, quarters.measured_day, interval '1 month') as month_start
)

select * from final
