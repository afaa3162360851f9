-- Grain: one row per CRM and owner, and one per CRM for 'Unknown', the owner of deals that name none or one
-- that the users export lacks.
with pipedrive as (
    select * from {{ ref('stg_pipedrive__users') }}
    where not is_deleted
),

salesforce as (
    select * from {{ ref('stg_salesforce__users') }}
    where not is_deleted
),

final as (
    select
        'pipedrive' as crm_source,
        user_id::text as owner_id,
        user_name_masked as owner_name_masked,
        null as department,
        null as manager_id,
        null::boolean as is_active
    from pipedrive
    union all
    select
        'salesforce' as crm_source,
        user_id as owner_id,
        coalesce(user_name_masked, 'Unknown') as owner_name_masked,
        department,
        manager_id,
        is_active
    from salesforce
    union all
    select
        sources.crm_source,
        'Unknown' as owner_id,
        'Unknown' as owner_name_masked,
        null as department,
        null as manager_id,
        null as is_active
    from (values ('pipedrive'), ('salesforce')) as sources (crm_source)
)

select * from final
