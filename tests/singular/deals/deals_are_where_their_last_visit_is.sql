-- The last visit is in the deal's current stage, and it is open exactly when the deal is. A stage that a closed deal is filed
-- under is no visit, so such a deal is asked only whether its last visit has ended.
with deals as (
    select * from {{ ref('dim_deals') }}
    where status in ('open', 'won', 'lost') and has_timeline
),

filed as (
    select distinct
        deal_key,
        value as stage_id
    from {{ ref('int_deal_events') }}
    where field = 'closed_stage'
),

last_visits as (
    select distinct on (deal_key)
        deal_key,
        stage_id,
        moved
    from {{ ref('fct_deal_stage_history') }}
    order by deal_key asc, visit_number desc
)

select
    deals.crm_source,
    deals.deal_id,
    deals.stage_id,
    deals.status,
    last_visits.stage_id as last_visited_stage_id,
    last_visits.moved
from deals
full outer join last_visits on deals.deal_key = last_visits.deal_key
left join filed
    on
        deals.deal_key = filed.deal_key
        and deals.stage_id = filed.stage_id
where
    deals.deal_key is null
    or (filed.deal_key is null and deals.stage_id is distinct from last_visits.stage_id)
    or (last_visits.deal_key is not null and (deals.status = 'open') is distinct from (last_visits.moved = 'open'))
