-- Grain: one row per deal that its CRM holds now, with what the CRM keeps beside the log: account, campaign, type, source. A CRM
-- whose export has a log only (Pipedrive) has no rows here; nor has a deal that was merged into another one.
with salesforce as (
    select * from {{ ref('stg_salesforce__opportunities') }}
    where not is_deleted
),

merged_deals as (
    select * from {{ ref('stg_hubspot__merged_deals') }}
    where not is_deleted
),

hubspot as (
    select * from {{ ref('stg_hubspot__deals') }}
    where
        not is_deleted
        and deal_key not in (select merged_deals.deal_key from merged_deals)
),

hubspot_stages as (
    select * from {{ ref('stg_hubspot__pipeline_stages') }}
),

final as (
    select
        deal_key,
        'salesforce' as crm_source,
        opportunity_id as deal_id,
        account_id,
        owner_id,
        campaign_id,
        pipeline_id,
        opportunity_type as deal_type,
        lead_source,
        {{ salesforce_stage_id('pipeline_id', 'stage_name') }} as stage_id,
        case when is_won then 'won' when is_closed then 'lost' else 'open' end as status,
        amount,
        currency,
        probability,
        case when {{ is_plausible_date('close_date', is_date=true) }} then close_date end as close_date,
        case when {{ is_plausible_date('created_at') }} then created_at end as created_at,
        last_activity_date,
        case when {{ is_plausible_date('modified_at') }} then modified_at end as modified_at,
        _loaded_at
    from salesforce
    union all
    select
        hubspot.deal_key,
        'hubspot' as crm_source,
        hubspot.deal_id,
        hubspot.company_id as account_id,
        hubspot.owner_id,
        null as campaign_id,
        hubspot.pipeline_id,
        hubspot.deal_type,
        hubspot.lead_source,
        hubspot.stage_id,
        coalesce(hubspot_stages.status, hubspot.status) as status,
        hubspot.amount,
        hubspot.currency,
        hubspot.probability,
        case when {{ is_plausible_date('hubspot.close_date', 'hubspot._loaded_at', is_date=true) }} then hubspot.close_date end as close_date,
        case when {{ is_plausible_date('hubspot.created_at', 'hubspot._loaded_at') }} then hubspot.created_at end as created_at,
        hubspot.last_activity_date,
        case when {{ is_plausible_date('hubspot.modified_at', 'hubspot._loaded_at') }} then hubspot.modified_at end as modified_at,
        hubspot._loaded_at
    from hubspot
    left join hubspot_stages on hubspot.stage_id = hubspot_stages.stage_id
)

select * from final
