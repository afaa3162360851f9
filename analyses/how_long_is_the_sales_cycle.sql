-- Days from the creation of a deal to its win or loss, by month of closing.
select
    crm_source,
    month,
    pipeline_name,
    outcome,
    deals_count,
    round(cycle_p50_days, 1) as p50_days,
    round(cycle_p90_days, 1) as p90_days
from {{ ref('rep_sales_cycle_monthly') }}
where deals_count > 0
order by crm_source, month, pipeline_id, outcome
