-- The last visit is in the deal's current stage, and it is open exactly when the deal is.
with deals as (
    select * from {{ ref('dim_deals') }}
),

last_visits as (
    select distinct on (deal_id)
        deal_id,
        stage_id,
        moved
    from {{ ref('fct_deal_stage_history') }}
    order by deal_id asc, visit_number desc
)

select
    deals.deal_id,
    deals.stage_id,
    deals.status,
    last_visits.stage_id as last_visited_stage_id,
    last_visits.moved
from deals
full outer join last_visits on deals.deal_id = last_visits.deal_id
where
    (deals.stage_id is not null or last_visits.deal_id is not null)
    and (
        deals.stage_id is distinct from last_visits.stage_id
        or (deals.status = 'open') is distinct from (last_visits.moved = 'open')
    )
