-- Every deal that an export holds (a list of deals, a log, activities) and its CRM's list does not mark as deleted is in dim_deals,
-- and no other.
with merged_deals as (
    select * from {{ ref('stg_hubspot__merged_deals') }}
    where not is_deleted
),

staged as (
    select
        'salesforce' as crm_source,
        opportunity_id as deal_id
    from {{ ref('stg_salesforce__opportunities') }}
    where not is_deleted
    union
    select
        'hubspot' as crm_source,
        deal_id
    from {{ ref('stg_hubspot__deals') }}
    where
        not is_deleted
        and deal_id not in (select merged_deals.merged_deal_id from merged_deals)
    union
    select
        crm_source,
        deal_id
    from {{ ref('int_pipedrive__deal_events') }}
    union
    select
        crm_source,
        deal_id
    from {{ ref('int_activities') }}
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
