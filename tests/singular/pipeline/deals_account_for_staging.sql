-- Every deal that staging holds and its CRM does not mark as deleted is in dim_deals, and no other.
with staged as (
    select
        'salesforce' as crm_source,
        deal_id
    from {{ ref('stg_salesforce__opportunities') }}
    where not is_deleted
    union
    select
        'pipedrive' as crm_source,
        deal_id::text as deal_id
    from {{ ref('int_deals_current') }}
    where status <> 'deleted'
)

select
    coalesce(staged.crm_source, facts.crm_source) as crm_source,
    coalesce(staged.deal_id, facts.deal_id) as deal_id
from staged
full outer join {{ ref('dim_deals') }} as facts
    on
        staged.crm_source = facts.crm_source
        and staged.deal_id = facts.deal_id
where
    staged.deal_id is null
    or facts.deal_id is null
