-- Grain: one row per deal, moment and field set then, over every CRM. A further CRM is one more mapping view
-- of this shape: fields exists, status (open, won, lost), stage, amount, currency, probability, close_date, owner, and
-- closed_date where the CRM keeps the day of closing (else the day of the status change stands for it).
with pipedrive as (
    select * from {{ ref('int_pipedrive__deal_events') }}
),

salesforce as (
    select * from {{ ref('int_salesforce__deal_events') }}
),

final as (
    select
        crm_source,
        deal_key,
        deal_id,
        occurred_at,
        event_order,
        log_position,
        first_loaded_at,
        field,
        value,
        _loaded_at
    from pipedrive
    union all
    select
        crm_source,
        deal_key,
        deal_id,
        occurred_at,
        event_order,
        log_position,
        first_loaded_at,
        field,
        value,
        _loaded_at
    from salesforce
)

select * from final
