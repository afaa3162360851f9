-- The deals of the data set losses, and of the wins and losses of reps: a deal that was lost twice has two rows.
select
    outcomes.crm_source as crm,
    outcomes.deal_id as deal,
    outcomes.pipeline_id,
    to_char(outcomes.occurred_month, 'YYYY-MM') as month,
    outcomes.owner_id as owner,
    outcomes.outcome,
    case
        when outcomes.outcome <> 'lost' then null
        when reasons.lost_reason is not null then reasons.lost_reason
        when outcomes.lost_reason_id like 'text:%' then 'Other'
        else 'Unknown'
    end as reason,
    coalesce(outcomes.stage_id, 'None') as stage_id
from fct_deal_outcomes as outcomes
left join dim_lost_reasons as reasons
    on
        outcomes.crm_source = reasons.crm_source
        and outcomes.lost_reason_id = reasons.lost_reason_id
where outcomes.outcome in ('won', 'lost')
order by outcomes.crm_source, outcomes.deal_id, outcomes.outcome_number
