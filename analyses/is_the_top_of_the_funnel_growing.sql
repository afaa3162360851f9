-- New deals per month against the month and the year before; complete months only.
select
    month,
    deals_count,
    round(100 * month_over_month_rate, 1) as month_over_month_percent,
    round(100 * year_over_year_rate, 1) as year_over_year_percent,
    rolling_12_months_deals_count,
    quarter_deals_count
from {{ ref('rep_sales_funnel_trends') }}
where
    pipeline_id = {{ var('default_pipeline_id') }}
    and step_order = 1
    and is_complete_month
order by month
