-- A deal that is open in a stage is in exactly one open visit there, a closed one in none.
with open_visits as (
    select
        deal_key,
        count(*) as visits,
        min(stage_id) as stage_id
    from {{ ref('fct_deal_stage_history') }}
    where exited_at is null
    group by deal_key
),

expected as (
    select
        deal_key,
        stage_id
    from {{ ref('fct_deal_states') }}
    where
        valid_to is null
        and status = 'open'
        and stage_id is not null
)

select
    coalesce(expected.deal_key, open_visits.deal_key) as deal_key,
    expected.stage_id,
    open_visits.stage_id as visited_stage_id
from expected
full outer join open_visits on expected.deal_key = open_visits.deal_key
where
    open_visits.visits is distinct from 1
    or open_visits.stage_id is distinct from expected.stage_id
