-- Every completed activity whose time is known is in the reps' report once, in its month.
with activities as (
    select
        completed_month as month,
        count(*) as activities_count
    from {{ ref('fct_activities') }}
    where completed_month is not null
    group by completed_month
),

reps as (
    select
        month,
        sum(activities_completed) as activities_count
    from {{ ref('rep_sales_rep_performance_monthly') }}
    group by month
)

select
    activities.month,
    reps.month as reps_month
from activities
full outer join reps on activities.month = reps.month
where coalesce(activities.activities_count, 0) != coalesce(reps.activities_count, 0)
