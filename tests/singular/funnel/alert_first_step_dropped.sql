-- Alert: the last complete month before as_of_date brought over 20 % fewer deals to step 1 than the month before.
-- Business news, no broken data: it warns, and the number shown is how many fewer.
{{ config(severity='warn', fail_calc='coalesce(sum(failing_rows), 0)') }}
with report as (
    select * from {{ ref('rep_sales_funnel_monthly') }}
    where step_order = 1
),

as_of as (
    select * from {{ ref('dim_as_of') }}
),

first_step as (
    select
        month,
        deals_count,
        lag(deals_count) over (order by month) as previous_deals_count
    from report
)

select
    first_step.month,
    first_step.previous_deals_count - first_step.deals_count as failing_rows,
    first_step.previous_deals_count as tested_rows
from first_step
cross join as_of
where
    first_step.month = (date_trunc('month', as_of.as_of_date::timestamp) - interval '1 month')::date
    and first_step.deals_count < 0.8 * first_step.previous_deals_count
