-- Every deal whose last outcome is a win or a loss has exactly one sales cycle.
with closed as (
    select
        crm_source,
        outcome,
        count(distinct deal_key) as deals_count
    from {{ ref('fct_deal_outcomes') }}
    where
        is_final
        and outcome in ('won', 'lost')
    group by crm_source, outcome
),

cycles as (
    select
        crm_source,
        outcome,
        sum(deals_count) as deals_count
    from {{ ref('rep_sales_cycle_monthly') }}
    group by crm_source, outcome
)

select
    closed.crm_source,
    closed.outcome,
    closed.deals_count,
    cycles.deals_count as cycles_count
from closed
left join cycles
    on
        closed.crm_source = cycles.crm_source
        and closed.outcome = cycles.outcome
where closed.deals_count is distinct from cycles.deals_count
