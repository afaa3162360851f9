-- Grain: one row per CRM and lead. Salesforce says what became of a lead. Pipedrive deletes one that becomes a deal, so that of a
-- lead which its list has no longer nobody knows whether it was converted.
with salesforce as (
    select * from {{ ref('stg_marketing__leads') }}
    where not is_deleted
),

pipedrive as (
    select * from {{ ref('stg_pipedrive__leads') }}
),

channels as (
    select * from {{ ref('stg_settings__channels') }}
),

leads as (
    select
        'salesforce' as crm_source,
        lead_id,
        channel_spelling,
        created_at,
        case when is_converted then 'converted' else 'open' end as status,
        case when converted_opportunity_id is not null then {{ deal_key('salesforce', 'converted_opportunity_id') }} end as deal_key,
        _loaded_at
    from salesforce
    union all
    select
        'pipedrive' as crm_source,
        lead_id,
        channel_spelling,
        created_at,
        case
            when is_deleted then 'gone'
            when is_archived then 'archived'
            else 'open'
        end as status,
        null as deal_key,
        _loaded_at
    from pipedrive
),

final as (
    select
        leads.crm_source,
        leads.lead_id,
        leads.channel_spelling,
        coalesce(channels.channel, 'Unknown') as channel,
        leads.status,
        leads.deal_key,
        leads.created_at,
        case when {{ is_plausible_date('leads.created_at', 'leads._loaded_at') }} then {{ cut_day('leads.created_at') }} end as created_date
    from leads
    left join channels on leads.channel_spelling = channels.spelling
)

select * from final
