{# dbt's macro that asks a source for its newest row. To dbt a table without rows is older than any limit, so that a company with
   one CRM would hear every night that the other ones are stale. Here a table that never had a row is fresh, once anything was loaded. #}
{% macro postgres__collect_freshness(source, loaded_at_field, filter) -%}
    {% call statement('collect_freshness', fetch_result=True, auto_begin=False) -%}
        select
            coalesce(
                (select max({{ loaded_at_field }}) from {{ source }} {{ 'where ' ~ filter if filter }}),
                case when exists (select from raw.load_batches) then {{ current_timestamp() }} end
            ) as max_loaded_at,
            {{ current_timestamp() }} as snapshotted_at
    {%- endcall %}
    {{ return(load_result('collect_freshness')) }}
{%- endmacro %}
