-- The timeline ends in the status that the CRM's flags give.
select
    facts.crm_source,
    facts.deal_id,
    facts.status,
    states.status as last_state
from {{ ref('dim_deals') }} as facts
inner join {{ ref('fct_deal_states') }} as states
    on
        facts.crm_source = states.crm_source
        and facts.deal_id = states.deal_id
        and states.valid_to is null
where facts.status <> states.status
