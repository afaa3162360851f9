-- Every opportunity that staging holds and its CRM does not mark as deleted is in fct_opportunities, and no other.
with staged as (
    select
        'salesforce' as crm_source,
        opportunity_id
    from {{ ref('stg_salesforce__opportunities') }}
    where not is_deleted
    union
    select
        'pipedrive' as crm_source,
        deal_id::text as opportunity_id
    from {{ ref('int_deals_current') }}
    where status <> 'deleted'
)

select
    coalesce(staged.crm_source, facts.crm_source) as crm_source,
    coalesce(staged.opportunity_id, facts.opportunity_id) as opportunity_id
from staged
full outer join {{ ref('fct_opportunities') }} as facts
    on
        staged.crm_source = facts.crm_source
        and staged.opportunity_id = facts.opportunity_id
where
    staged.opportunity_id is null
    or facts.opportunity_id is null
