with events as (
    select
        deal_id,
        funnel_step,
        occurred_at
    from {{ ref('int_stage_entries') }}
    union all
    select
        deal_id,
        funnel_step,
        occurred_at
    from {{ ref('int_outcomes') }}
    union all
    select
        deal_id,
        funnel_step,
        occurred_at
    from {{ ref('int_calls') }}
),

entries as (
    select
        events.funnel_step,
        date_trunc('month', events.occurred_at)::date as month,
        row_number() over (partition by events.deal_id, events.funnel_step order by events.occurred_at) as entry_number
    from events
    left join {{ ref('int_deals') }} as deals
        on events.deal_id = deals.deal_id
    where deals.status is distinct from 'deleted'
),

cells as (
    select
        month,
        funnel_step,
        count(*) filter (where entry_number = 1) as deals_count,
        count(*) as entries_count
    from entries
    group by month, funnel_step
),

months as (
    select generate_series(min(month), max(month), interval '1 month')::date as month
    from cells
),

-- A step that no deal has entered, such as a win where the export tells of none, is left out.
steps as (
    select * from {{ ref('funnel_steps') }}
    where funnel_step in (select cells.funnel_step from cells)
)

select
    months.month,
    steps.kpi_name,
    steps.funnel_step,
    steps.step_order,
    coalesce(cells.deals_count, 0) as deals_count,
    coalesce(cells.entries_count, 0) as entries_count
from months
cross join steps
left join cells
    on months.month = cells.month and steps.funnel_step = cells.funnel_step
