-- New deals of the default pipeline per month against the month and the year before; complete months only.
select
    trends.month,
    trends.deals_count,
    round(100 * trends.month_over_month_rate, 1) as month_over_month_percent,
    round(100 * trends.year_over_year_rate, 1) as year_over_year_percent,
    trends.rolling_12_months_deals_count,
    trends.quarter_deals_count
from {{ ref('rep_sales_funnel_trends') }} as trends
inner join {{ ref('dim_pipelines') }} as pipelines
    on
        trends.crm_source = pipelines.crm_source
        and trends.pipeline_id = pipelines.pipeline_id
where
    pipelines.is_default
    and trends.step_order = 1
    and trends.is_complete_month
order by trends.month
