-- Every opportunity closed by as_of is in every dimension exactly once, and the quarters hold all of them.
with closed as (
    select
        opportunities.crm_source,
        count(*) filter (where opportunities.status = 'won') as won_count,
        count(*) filter (where opportunities.status = 'lost') as lost_count,
        coalesce(sum(opportunities.reporting_amount) filter (where opportunities.status = 'won'), 0) as won_amount
    from {{ ref('rep_opportunities') }} as opportunities
    inner join {{ ref('dim_pipeline_as_of') }} as as_of on opportunities.closed_date <= as_of.as_of_date
    where opportunities.status <> 'open'
    group by opportunities.crm_source
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
