-- Every deal closed by as_of is in every dimension exactly once, and the quarters hold all of them.
with closed as (
    select
        deals.crm_source,
        count(*) filter (where deals.status = 'won') as won_count,
        count(*) filter (where deals.status = 'lost') as lost_count,
        coalesce(sum(deals.reporting_amount) filter (where deals.status = 'won'), 0) as won_amount
    from {{ ref('fct_deals') }} as deals
    inner join {{ ref('dim_as_of') }} as as_of on deals.closed_date <= as_of.as_of_date
    where deals.status <> 'open'
    group by deals.crm_source
),

reported as (
    select
        crm_source,
        dimension,
        sum(won_count) as won_count,
        sum(lost_count) as lost_count,
        sum(won_amount) as won_amount
    from {{ ref('rep_win_rate_trend') }}
    group by crm_source, dimension
)

select
    closed.crm_source,
    reported.dimension
from closed
left join reported on closed.crm_source = reported.crm_source
where
    reported.won_count is distinct from closed.won_count
    or reported.lost_count is distinct from closed.lost_count
    or abs(coalesce(reported.won_amount, 0) - closed.won_amount) > 0.01
