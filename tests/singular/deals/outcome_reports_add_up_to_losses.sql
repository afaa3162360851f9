-- Losses per month are the same in the funnel events, the loss report and the reps' report.
with events as (
    select
        occurred_month as month,
        count(*) as losses_count,
        count(*) filter (where is_first_entry) as deals_count
    from {{ ref('fct_funnel_events') }}
    where funnel_step = 'Lost'
    group by occurred_month
),

lost_deals as (
    select
        month,
        sum(losses_count) as losses_count,
        sum(deals_count) as deals_count
    from {{ ref('rep_lost_deals_monthly') }}
    group by month
),

reps as (
    select
        month,
        sum(losses) as losses_count
    from {{ ref('rep_sales_rep_performance_monthly') }}
    group by month
),

months as (
    select month from events
    union
    select month from lost_deals
    union
    select month from reps
)

select
    months.month,
    events.losses_count,
    lost_deals.losses_count as report_losses_count,
    reps.losses_count as reps_losses_count
from months
left join events on months.month = events.month
left join lost_deals on months.month = lost_deals.month
left join reps on months.month = reps.month
where
    coalesce(events.losses_count, 0) != coalesce(lost_deals.losses_count, 0)
    or coalesce(events.deals_count, 0) != coalesce(lost_deals.deals_count, 0)
    or coalesce(events.losses_count, 0) != coalesce(reps.losses_count, 0)
