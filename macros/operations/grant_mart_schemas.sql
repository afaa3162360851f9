{# dbt grants tables, not schemas: without usage on the schema the reporter could read nothing. #}
{% macro grant_mart_schemas() -%}
    {% if execute and flags.WHICH in ['build', 'run', 'seed'] %}
        grant usage on schema {{ generate_schema_name('marts', none) }} to reporter
    {% endif %}
{%- endmacro %}
