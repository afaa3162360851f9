-- Grain: one row per deal on which the log and the CRM's own list of deals disagree.
with all_deals as (
    select * from {{ ref('int_deal_tie_out') }}
),

-- A CRM of which the list alone is loaded has no log to compare it with.
compared as (
    select * from all_deals
    where
        crm_source in (
            select with_log.crm_source from all_deals as with_log
            where with_log.has_history
        )
),

deals as (
    select * from {{ ref('dim_deals') }}
    where is_in_log and status <> 'deleted'
),

-- A CRM whose list is not loaded has nothing that its log could be compared with.
crms as (
    select distinct crm_source from compared
),

differing as (
    select
        deal_key,
        crm_source,
        deal_id,
        difference,
        differing_fields,
        log_status,
        crm_status,
        log_pipeline_id,
        crm_pipeline_id,
        log_stage_id,
        crm_stage_id,
        log_owner_id,
        crm_owner_id,
        log_amount,
        crm_amount,
        log_currency,
        crm_currency,
        last_logged_at,
        crm_modified_at
    from compared
    where difference <> 'none'
    union all
    select
        deals.deal_key,
        deals.crm_source,
        deals.deal_id,
        'not in the CRM''s list' as difference,
        null as differing_fields,
        deals.status as log_status,
        null as crm_status,
        deals.pipeline_id as log_pipeline_id,
        null as crm_pipeline_id,
        deals.stage_id as log_stage_id,
        null as crm_stage_id,
        nullif(deals.owner_id, 'Unknown') as log_owner_id,
        null as crm_owner_id,
        deals.amount as log_amount,
        null as crm_amount,
        deals.currency as log_currency,
        null as crm_currency,
        deals.last_changed_at as last_logged_at,
        null as crm_modified_at
    from deals
    inner join crms on deals.crm_source = crms.crm_source
    left join compared on deals.deal_key = compared.deal_key
    where compared.deal_key is null
)

select * from differing
