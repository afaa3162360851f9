-- Grain: one row per deal and person: of Salesforce its contact roles and the leads that were converted into it, of HubSpot its
-- contacts, of Pipedrive the one person that its list names.
with contact_roles as (
    select * from {{ ref('stg_marketing__contact_roles') }}
    where not is_deleted
),

leads as (
    select * from {{ ref('stg_marketing__leads') }}
    where
        converted_opportunity_id is not null
        and not is_deleted
),

hubspot as (
    select * from {{ ref('stg_hubspot__deal_contacts') }}
    where not is_deleted
),

pipedrive as (
    select * from {{ ref('stg_pipedrive__deals') }}
    where
        person_id is not null
        and not is_deleted
),

people as (
    select
        opportunity_id as deal_id,
        contact_id as person_id
    from contact_roles
    union distinct
    select
        converted_opportunity_id as deal_id,
        coalesce(converted_contact_id, lead_id) as person_id
    from leads
),

final as (
    select
        {{ deal_key('salesforce', 'deal_id') }} as deal_key,
        'salesforce' as crm_source,
        deal_id,
        person_id
    from people
    union all
    select
        deal_key,
        'hubspot' as crm_source,
        deal_id,
        contact_id as person_id
    from hubspot
    union all
    select
        deal_key,
        'pipedrive' as crm_source,
        deal_id,
        person_id
    from pipedrive
)

select * from final
