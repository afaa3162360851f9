{# dbt's macro that reads a contract's columns, which asks for the query "where false". Of a query that could be worked
   out on the shards, Citus then brings all rows to the coordinator; so of those a cursor is opened that is never read. #}
{% macro get_column_schema_from_query(select_sql, select_sql_header=none) -%}
    {% if target.name == 'citus' and (config.get('meta') or {}).get('distribute_by') %}
        {% set sql %}
            {{ select_sql_header or '' }}
            close all;
            declare columns_of_query no scroll cursor for
            {{ select_sql }};
            fetch 0 from columns_of_query
        {% endset %}
    {% else %}
        {% set sql = get_empty_subquery_sql(select_sql, select_sql_header) %}
    {% endif %}
    {{ return(adapter.get_column_schema_from_query(sql)) }}
{%- endmacro %}
