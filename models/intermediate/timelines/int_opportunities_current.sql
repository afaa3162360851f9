-- Grain: one row per deal that its CRM holds now and does not mark as deleted, over every CRM.
with pipedrive as (
    select * from {{ ref('int_deals_current') }}
    where status <> 'deleted'
),

salesforce as (
    select * from {{ ref('stg_salesforce__opportunities') }}
    where not is_deleted
),

final as (
    select
        'pipedrive' as crm_source,
        deal_id::text as deal_id,
        deal_id as deal_key,
        null::text as account_id,
        owner_id::text as owner_id,
        null::text as campaign_id,
        coalesce(pipeline_id, {{ var('default_pipeline_id') }}) as pipeline_id,
        null::text as deal_type,
        null::text as lead_source,
        stage_id::text as stage_id,
        status,
        amount,
        currency,
        null::numeric as probability,
        expected_close_date as close_date,
        coalesce(created_at, first_changed_at) as created_at,
        {{ cut_day('last_changed_at') }} as last_activity_date,
        creation_count > 1 as is_id_collision,
        _loaded_at
    from pipedrive
    union all
    select
        'salesforce' as crm_source,
        deal_id,
        deal_key,
        account_id,
        owner_id,
        campaign_id,
        null as pipeline_id,
        deal_type,
        lead_source,
        stage_name as stage_id,
        case when is_won then 'won' when is_closed then 'lost' else 'open' end as status,
        amount,
        currency,
        probability,
        case when {{ is_plausible_date('close_date', is_date=true) }} then close_date end as close_date,
        case when {{ is_plausible_date('created_at') }} then created_at end as created_at,
        last_activity_date,
        false as is_id_collision,
        _loaded_at
    from salesforce
)

select * from final
