-- Grain: one row per column of staging whose dates reports count by. Dates that cannot be right (macro is_plausible_date) are kept
-- there and counted here; every model above takes them for unknown.
{% set columns = [
    ('stg_pipedrive__deal_changes', 'changed_at', false),
    ('stg_pipedrive__activities', 'due_at', false),
    ('stg_pipedrive__activities', 'done_at', false),
    ('stg_salesforce__opportunities', 'created_at', false),
    ('stg_salesforce__opportunities', 'modified_at', false),
    ('stg_salesforce__opportunities', 'close_date', true),
    ('stg_salesforce__opportunity_history', 'changed_at', false),
    ('stg_salesforce__opportunity_history', 'close_date', true),
    ('stg_salesforce__opportunity_field_history', 'changed_at', false),
    ('stg_salesforce__activities', 'due_at', false),
    ('stg_salesforce__activities', 'completed_at', false),
    ('stg_hubspot__deals', 'created_at', false),
    ('stg_hubspot__deals', 'modified_at', false),
    ('stg_hubspot__deals', 'close_date', true),
    ('stg_hubspot__deal_property_history', 'changed_at', false),
    ('stg_hubspot__engagements', 'takes_place_at', false),
    ('stg_marketing__ad_spend', 'spend_date', true),
    ('stg_marketing__web_sessions', 'session_date', true),
    ('stg_marketing__leads', 'created_at', false),
    ('stg_pipedrive__leads', 'created_at', false),
] %}

with expected_close_dates as (
    select
        _loaded_at,
        case when pg_input_is_valid(new_value, 'date') and new_value ~ '^\d{4}-\d{2}-\d{2}' then new_value::date end as close_date
    from {{ ref('stg_pipedrive__deal_changes') }}
    where
        field_key = 'expected_close_date'
        and not is_deleted
),

final as (
    {%- for relation, column, is_date in columns %}
    select
        '{{ relation }}' as staging_model,
        '{{ column }}' as column_name,
        count(*) filter (where not {{ is_plausible_date(column, is_date=is_date) }}) as implausible_date_count,
        count({{ column }}) as dates_count
    from {{ ref(relation) }}
    where not is_deleted
    union all
    {%- endfor %}
    select
        'stg_pipedrive__deal_changes' as staging_model,
        'new_value of expected_close_date' as column_name,
        count(*) filter (where not {{ is_plausible_date('close_date', is_date=true) }}) as implausible_date_count,
        count(close_date) as dates_count
    from expected_close_dates
)

select * from final
