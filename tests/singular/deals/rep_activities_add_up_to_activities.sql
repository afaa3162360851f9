-- Every completed activity whose time is known is in the salespeople's report once, in its CRM and month.
with activities as (
    select
        crm_source,
        completed_month as month,
        count(*) as activities_count
    from {{ ref('fct_activities') }}
    where completed_month is not null
    group by crm_source, completed_month
),

salespeople as (
    select
        crm_source,
        month,
        sum(activities_completed) as activities_count
    from {{ ref('rep_sales_rep_performance_monthly') }}
    group by crm_source, month
)

select
    coalesce(activities.crm_source, salespeople.crm_source) as crm_source,
    coalesce(activities.month, salespeople.month) as month
from activities
full outer join salespeople
    on
        activities.crm_source = salespeople.crm_source
        and activities.month = salespeople.month
where coalesce(activities.activities_count, 0) != coalesce(salespeople.activities_count, 0)
