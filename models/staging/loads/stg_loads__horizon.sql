-- Grain: one row. Incremental only so that it is updated in place: the staging views depend on it.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_all',
    )
}}

{% set sources = {
    'pipedrive': [
        'deal_changes', 'activity', 'activity_types', 'stages', 'fields', 'users', 'pipedrive_deal', 'pipedrive_organization',
        'pipedrive_deal_product', 'pipedrive_lead',
    ],
    'salesforce': [
        'salesforce_opportunity', 'salesforce_opportunity_history', 'salesforce_opportunity_field_history',
        'salesforce_opportunity_stage', 'salesforce_account', 'salesforce_user', 'salesforce_user_role',
        'salesforce_task', 'salesforce_event', 'salesforce_opportunity_line_item',
    ],
    'hubspot': [
        'hubspot_deal', 'hubspot_deal_property_history', 'hubspot_pipeline_stage', 'hubspot_owner', 'hubspot_company',
        'hubspot_deal_contact', 'hubspot_line_item', 'hubspot_merged_deal', 'hubspot_engagement',
    ],
    'marketing': [
        'ad_spend', 'web_analytics', 'salesforce_campaign', 'salesforce_campaign_member', 'salesforce_lead',
        'salesforce_opportunity_contact_role',
    ],
    'settings': [
        'settings_account_segments', 'settings_alert_thresholds', 'settings_amount_bands', 'settings_channels',
        'settings_conversion_horizons', 'settings_country_regions', 'settings_deal_urls', 'settings_exchange_rates',
        'settings_funnel_dimensions', 'settings_funnel_steps', 'settings_icp_features', 'settings_icp_grades', 'settings_lost_reasons',
        'settings_opportunity_score_bands', 'settings_pipeline_health_bands', 'settings_revenue_bands',
        'settings_sales_quotas',
    ],
} %}

with newest_loads as (
    {%- for source_name, tables in sources.items() %}
    {%- set is_last_source = loop.last %}
    {%- for table in tables %}
    select max(_loaded_at) as _loaded_at
    from {{ source(source_name, table) }}
    {%- if var('loaded_until') %}
    where _loaded_at <= '{{ var("loaded_until") }}'::timestamptz
    {%- endif %}
    {{ 'union all' if not (loop.last and is_last_source) }}
    {%- endfor %}
    {%- endfor %}
),

final as (
    select coalesce(max(_loaded_at), '-infinity') as loaded_until
    from newest_loads
)

select * from final
