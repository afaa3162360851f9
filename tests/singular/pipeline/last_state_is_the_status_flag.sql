-- The timeline ends in the status that the CRM's flags give.
select
    facts.crm_source,
    facts.deal_id,
    facts.status,
    states.status as last_state
from {{ ref('dim_deals') }} as facts
inner join {{ ref('fct_deal_states') }} as states
    on
        facts.deal_key = states.deal_key
        and states.valid_to is null
where facts.status <> states.status
