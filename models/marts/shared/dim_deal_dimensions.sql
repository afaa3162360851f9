-- Grain: one row per deal that its CRM lists, and column that the setting funnel_dimensions names: to be joined to the facts.

{% set lists = {
    'pipedrive': (ref('stg_pipedrive__deals'), 'deals.csv'),
    'salesforce': (ref('stg_salesforce__opportunities'), 'opportunity.csv'),
    'hubspot': (ref('stg_hubspot__deals'), 'hubspot_deals.csv'),
} %}

with dimensions as (
    select * from {{ ref('stg_settings__funnel_dimensions') }}
),

deals as (
    {%- for crm, (relation, file_name) in lists.items() %}
    select
        deal_key,
        '{{ crm }}' as crm_source,
        '{{ file_name }}' as file_name,
        extra_columns
    from {{ relation }}
    where not is_deleted and extra_columns is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        deals.deal_key,
        deals.crm_source,
        dimensions.dimension,
        coalesce(deals.extra_columns ->> dimensions.column_name, 'Unknown') as dimension_value
    from deals
    inner join dimensions on deals.file_name = dimensions.file_name
)

select * from final
