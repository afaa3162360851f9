-- Every batch appended as many rows to its raw table as it says. Rows outside any batch (loaded by hand) are not judged.
{% set sources = {
    'pipedrive': [
        'deal_changes', 'activity', 'activity_types', 'stages', 'fields', 'users', 'pipedrive_deal', 'pipedrive_organization',
        'pipedrive_deal_product',
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

with files as (
    select * from {{ source('loads', 'files') }}
),

file_batches as (
    select * from {{ source('loads', 'load_batches') }}
),

batches as (
    select
        files.table_name,
        file_batches._loaded_at,
        sum(file_batches.rows_new + file_batches.rows_changed + file_batches.rows_deleted) as rows_appended
    from file_batches
    inner join files on file_batches.file_name = files.file_name
    group by files.table_name, file_batches._loaded_at
),

counted as (
    {%- for source_name, tables in sources.items() %}
    {%- set is_last_source = loop.last %}
    {%- for table in tables %}
    select
        '{{ table }}' as table_name,
        _loaded_at,
        count(*) as rows_held
    from {{ source(source_name, table) }}
    group by _loaded_at
    {{ 'union all' if not (loop.last and is_last_source) }}
    {%- endfor %}
    {%- endfor %}
)

select
    batches.table_name,
    batches._loaded_at,
    batches.rows_appended,
    coalesce(counted.rows_held, 0) as rows_held
from batches
left join counted
    on
        batches.table_name = counted.table_name
        and batches._loaded_at = counted._loaded_at
where batches.rows_appended <> coalesce(counted.rows_held, 0)
