-- Every deal whose last outcome is a win or a loss has exactly one sales cycle.
with closed as (
    select
        outcome,
        count(distinct deal_id) as deals_count
    from {{ ref('fct_deal_outcomes') }}
    where
        is_final
        and outcome in ('won', 'lost')
    group by outcome
),

cycles as (
    select
        outcome,
        sum(deals_count) as deals_count
    from {{ ref('rep_sales_cycle_monthly') }}
    group by outcome
)

select
    closed.outcome,
    closed.deals_count,
    cycles.deals_count as cycles_count
from closed
left join cycles on closed.outcome = cycles.outcome
where closed.deals_count is distinct from cycles.deals_count
