-- Grain: one row per CRM that is loaded: what its exports tell, and when its newest event was. What they do not tell is NULL in
-- every report, not 0.
with coverage as (
    select * from {{ ref('int_export_coverage') }}
),

deals as (
    select * from {{ ref('dim_deals') }}
),

activities as (
    select * from {{ ref('fct_activities') }}
),

owners as (
    select * from {{ ref('dim_owners') }}
    where owner_id <> 'Unknown'
),

leads as (
    select 'salesforce' as crm_source
    from {{ ref('stg_marketing__leads') }}
    where not is_deleted
    union distinct
    select 'pipedrive' as crm_source
    from {{ ref('stg_pipedrive__leads') }}
),

ad_spend as (
    select * from {{ ref('stg_marketing__ad_spend') }}
    where not is_deleted
),

horizon as (
    select * from {{ ref('stg_loads__horizon') }}
),

-- Of a deal whose newest event is said to come after the load, the newest one before it.
late_deals as (
    select deals.deal_key
    from deals
    cross join horizon
    where deals.last_changed_at > horizon.loaded_until
),

early_events as (
    select
        crm_source,
        occurred_at
    from {{ ref('int_deal_events') }}
    where deal_key = any(array(select late_deals.deal_key from late_deals))
),

events as (
    select
        crm_source,
        last_changed_at as occurred_at
    from deals
    union all
    select
        crm_source,
        occurred_at
    from early_events
    union all
    select
        crm_source,
        completed_at as occurred_at
    from activities
),

newest_events as (
    select
        events.crm_source,
        max(events.occurred_at) as newest_event_at
    from events
    cross join horizon
    where events.occurred_at <= horizon.loaded_until
    group by events.crm_source
),

deal_fields as (
    select
        crm_source,
        bool_or(first_amount is not null or amount is not null) as knows_amounts,
        bool_or(first_close_date is not null or close_date is not null) as knows_close_dates,
        bool_or(owner_id <> 'Unknown') as knows_owners
    from deals
    group by crm_source
),

named_owners as (
    select distinct crm_source
    from owners
    where owner_name_masked <> 'Unknown'
),

urls as (
    select * from {{ ref('stg_settings__deal_urls') }}
),

marketing as (
    select count(*) > 0 as has_spend
    from ad_spend
),

-- Ads belong to Salesforce's campaigns, and to no other CRM's.
final as (
    select
        coverage.crm_source,
        coverage.knows_statuses or coverage.knows_deals as knows_wins,
        coverage.knows_statuses or coverage.knows_deals or coverage.knows_lost_reasons as knows_losses,
        coverage.knows_lost_reasons,
        coalesce(deal_fields.knows_amounts, false) as knows_amounts,
        coalesce(deal_fields.knows_close_dates, false) as knows_close_dates,
        coalesce(deal_fields.knows_owners, false) as knows_owners,
        named_owners.crm_source is not null as knows_owner_names,
        coverage.knows_calls as knows_activities,
        leads.crm_source is not null as knows_leads,
        coverage.crm_source = 'salesforce' and marketing.has_spend as knows_spend,
        newest_events.newest_event_at,
        urls.url as deal_url
    from coverage
    cross join marketing
    left join deal_fields on coverage.crm_source = deal_fields.crm_source
    left join leads on coverage.crm_source = leads.crm_source
    left join named_owners on coverage.crm_source = named_owners.crm_source
    left join newest_events on coverage.crm_source = newest_events.crm_source
    left join urls on coverage.crm_source = urls.crm_source
)

select * from final
