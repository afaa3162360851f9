-- Grain: one row per line of products of a deal that is open, won or lost.

with deals as (
    select * from {{ ref('dim_deals') }}
    where status in ('open', 'won', 'lost')
),

pipedrive as (
    select * from {{ ref('stg_pipedrive__deal_products') }}
    where not is_deleted
),

salesforce as (
    select * from {{ ref('stg_salesforce__opportunity_line_items') }}
    where not is_deleted
),

hubspot as (
    select * from {{ ref('stg_hubspot__line_items') }}
    where not is_deleted
),

lines as (
    {%- for relation in ['pipedrive', 'hubspot'] %}
    select
        deal_key,
        line_id,
        product_id,
        null as product_code,
        product_name,
        quantity,
        unit_price,
        amount,
        currency,
        _loaded_at
    from {{ relation }}
    union all
    {%- endfor %}
    select
        deal_key,
        line_id,
        product_id,
        product_code,
        null as product_name,
        quantity,
        unit_price,
        amount,
        null as currency,
        _loaded_at
    from salesforce
),

final as (
    select
        lines.deal_key,
        deals.crm_source,
        deals.deal_id,
        lines.line_id,
        lines.product_id,
        lines.product_code,
        lines.product_name,
        lines.quantity::numeric(20, 4) as quantity,
        lines.unit_price::numeric(20, 4) as unit_price,
        lines.amount::numeric(20, 4) as amount,
        coalesce(lines.currency, deals.currency) as currency,
        lines._loaded_at
    from lines
    inner join deals on lines.deal_key = deals.deal_key
)

select * from final
