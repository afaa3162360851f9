-- Both directions: every cell of rep_sales_funnel_monthly against the rows of fct_funnel_events.
with report as (
    select * from {{ ref('rep_sales_funnel_monthly') }}
),

counted as (
    select
        occurred_month as month,
        funnel_step,
        count(*) filter (where is_first_entry) as deals_count,
        count(*) as entries_count
    from {{ ref('fct_funnel_events') }}
    where pipeline_id = {{ var('default_pipeline_id') }}
    group by occurred_month, funnel_step
)

select
    coalesce(report.month, counted.month) as month,
    coalesce(report.funnel_step, counted.funnel_step) as funnel_step,
    report.deals_count as reported_deals,
    counted.deals_count as counted_deals,
    report.entries_count as reported_entries,
    counted.entries_count as counted_entries
from report
full outer join counted
    on
        report.month = counted.month
        and report.funnel_step = counted.funnel_step
where
    report.month is null
    or report.deals_count <> coalesce(counted.deals_count, 0)
    or report.entries_count <> coalesce(counted.entries_count, 0)
