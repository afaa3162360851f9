-- Every completed activity is in the reps' report once, in its month.
with activities as (
    select
        due_month as month,
        count(*) as activities_count
    from {{ ref('fct_activities') }}
    where is_completed
    group by due_month
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
