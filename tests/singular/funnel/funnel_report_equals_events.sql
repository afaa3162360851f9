-- Both directions: every cell of rep_sales_funnel_monthly against the rows of fct_funnel_events.
with report as (
    select * from {{ ref('rep_sales_funnel_monthly') }}
),

counted as (
    select
        events.occurred_month as month,
        events.funnel_step,
        count(*) filter (where events.is_first_entry) as deals_count,
        count(*) as entries_count
    from {{ ref('fct_funnel_events') }} as events
    inner join {{ ref('dim_pipelines') }} as pipelines
        on
            events.crm_source = pipelines.crm_source
            and events.pipeline_id = pipelines.pipeline_id
    where pipelines.is_default
    group by events.occurred_month, events.funnel_step
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
