-- Grain: one row. Incremental only so that it is updated in place: the staging views depend on it.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_all',
    )
}}

{% set tables = ['deal_changes', 'activity', 'activity_types', 'stages', 'fields', 'users'] %}

with newest_loads as (
    {%- for table in tables %}
    select max(_loaded_at) as _loaded_at
    from {{ source('pipedrive', table) }}
    {%- if var('loaded_until') %}
    where _loaded_at <= '{{ var("loaded_until") }}'::timestamptz
    {%- endif %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select coalesce(max(_loaded_at), '-infinity') as loaded_until
    from newest_loads
)

select * from final
