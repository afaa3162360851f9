-- Grain: one row per deal that its CRM holds now, with what the CRM keeps beside the log: account, campaign, type, source. A CRM
-- whose export has a log only (Pipedrive) has no rows here.
with salesforce as (
    select * from {{ ref('stg_salesforce__opportunities') }}
    where not is_deleted
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
)

select * from final
