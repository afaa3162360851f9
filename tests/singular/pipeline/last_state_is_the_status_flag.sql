-- The timeline ends in the status that the CRM's flags give.
select
    facts.crm_source,
    facts.opportunity_id,
    facts.status,
    states.status as last_state
from {{ ref('fct_opportunities') }} as facts
inner join {{ ref('fct_opportunity_states') }} as states
    on
        facts.crm_source = states.crm_source
        and facts.opportunity_id = states.opportunity_id
        and states.valid_to is null
where facts.status <> states.status
