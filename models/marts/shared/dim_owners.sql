-- Grain: one row per CRM and owner, and one per CRM for 'Unknown', the owner of deals that name none or one that the users
-- export lacks.
with pipedrive as (
    select * from {{ ref('stg_pipedrive__users') }}
    where not is_deleted
),

salesforce as (
    select * from {{ ref('stg_salesforce__users') }}
    where not is_deleted
),

salesforce_roles as (
    select * from {{ ref('stg_salesforce__user_roles') }}
    where not is_deleted
),

hubspot as (
    select * from {{ ref('stg_hubspot__owners') }}
    where not is_deleted
),

coverage as (
    select * from {{ ref('int_export_coverage') }}
),

owners as (
    select
        'pipedrive' as crm_source,
        user_id as owner_id,
        user_name_masked as owner_name_masked,
        email_masked,
        null as department,
        null as role_name,
        null as manager_id,
        is_active,
        modified_at
    from pipedrive
    union all
    select
        'salesforce' as crm_source,
        salesforce.user_id as owner_id,
        salesforce.user_name_masked as owner_name_masked,
        salesforce.email_masked,
        salesforce.department,
        salesforce_roles.role_name,
        salesforce.manager_id,
        salesforce.is_active,
        null as modified_at
    from salesforce
    left join salesforce_roles on salesforce.role_id = salesforce_roles.role_id
    union all
    select
        'hubspot' as crm_source,
        owner_id,
        owner_name_masked,
        email_masked,
        team as department,
        null as role_name,
        null as manager_id,
        is_active,
        null as modified_at
    from hubspot
),

-- Screens know owners by their names alone, and who is written in two ways is one owner by the key.
distinct_owners as (
    select distinct on (crm_source, owner_id) *
    from owners
    order by
        crm_source asc,
        owner_id asc,
        is_active desc nulls last,
        modified_at desc nulls last,
        owner_name_masked asc,
        email_masked asc,
        department asc
),

crms as (
    select crm_source
    from owners
    union
    select crm_source
    from coverage
),

final as (
    select
        crm_source,
        owner_id,
        coalesce(owner_name_masked, 'Unknown') as owner_name_masked,
        email_masked,
        department,
        role_name,
        manager_id,
        is_active,
        modified_at
    from distinct_owners
    union all
    select
        crm_source,
        'Unknown' as owner_id,
        'Unknown' as owner_name_masked,
        null as email_masked,
        null as department,
        null as role_name,
        null as manager_id,
        null as is_active,
        null as modified_at
    from crms
)

select * from final
