-- Grain: one row per CRM and account, and one per CRM for 'Unknown', the account of deals that name none or
-- one that the accounts export lacks.
with salesforce as (
    select * from {{ ref('stg_salesforce__accounts') }}
    where not is_deleted
),

hubspot as (
    select * from {{ ref('stg_hubspot__companies') }}
    where not is_deleted
),

pipedrive as (
    select * from {{ ref('stg_pipedrive__organizations') }}
    where not is_deleted
),

accounts as (
    select
        'salesforce' as crm_source,
        account_id,
        account_name,
        industry,
        account_type,
        country,
        annual_revenue,
        employees,
        parent_account_id,
        owner_id,
        created_at
    from salesforce
    union all
    select
        'pipedrive' as crm_source,
        organization_id as account_id,
        organization_name as account_name,
        industry,
        null as account_type,
        country,
        annual_revenue,
        employees,
        null as parent_account_id,
        owner_id,
        created_at
    from pipedrive
    union all
    select
        'hubspot' as crm_source,
        company_id as account_id,
        company_name as account_name,
        industry,
        company_type as account_type,
        country,
        annual_revenue,
        employees,
        parent_company_id as parent_account_id,
        owner_id,
        created_at
    from hubspot
),

segments as (
    select * from {{ ref('stg_settings__account_segments') }}
),

regions as (
    select * from {{ ref('stg_settings__country_regions') }}
),

sources as (
    select crm_source
    from {{ ref('int_export_coverage') }}
),

final as (
    select
        accounts.crm_source,
        accounts.account_id,
        coalesce(accounts.account_name, 'Unknown') as account_name,
        coalesce(accounts.industry, 'Unknown') as industry,
        coalesce(accounts.account_type, 'Unknown') as account_type,
        coalesce(segments.segment, 'Unknown') as segment,
        coalesce(accounts.country, 'Unknown') as country,
        coalesce(regions.region, 'Unknown') as region,
        accounts.annual_revenue,
        accounts.employees,
        accounts.parent_account_id,
        accounts.owner_id,
        accounts.created_at
    from accounts
    left join segments
        on
            accounts.employees >= segments.min_employees
            and (accounts.employees < segments.max_employees or segments.max_employees is null)
    left join regions on accounts.country = regions.country
    union all
    select
        sources.crm_source,
        'Unknown' as account_id,
        'Unknown' as account_name,
        'Unknown' as industry,
        'Unknown' as account_type,
        'Unknown' as segment,
        'Unknown' as country,
        'Unknown' as region,
        null as annual_revenue,
        null as employees,
        null as parent_account_id,
        null as owner_id,
        null as created_at
    from sources
)

select * from final
