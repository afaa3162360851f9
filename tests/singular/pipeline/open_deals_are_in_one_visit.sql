-- A deal that is open in a stage is in exactly one open visit there, a closed one in none.
with open_visits as (
    select
        crm_source,
        deal_id,
        count(*) as visits,
        min(stage_id) as stage_id
    from {{ ref('fct_deal_stage_history') }}
    where exited_at is null
    group by crm_source, deal_id
),

expected as (
    select
        crm_source,
        deal_id,
        stage_id
    from {{ ref('fct_deal_states') }}
    where
        valid_to is null
        and status = 'open'
        and stage_id is not null
)

select
    coalesce(expected.crm_source, open_visits.crm_source) as crm_source,
    coalesce(expected.deal_id, open_visits.deal_id) as deal_id
from expected
full outer join open_visits
    on
        expected.crm_source = open_visits.crm_source
        and expected.deal_id = open_visits.deal_id
where
    open_visits.visits is distinct from 1
    or open_visits.stage_id is distinct from expected.stage_id
