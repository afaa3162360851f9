{# dbt grants tables, not schemas: without usage on the schema the reporter could read nothing. A narrow run on a new database
   has not made both. #}
{% macro grant_mart_schemas() -%}
    {% if execute and flags.WHICH in ['build', 'run', 'seed'] %}
        {% for layer in ['marts', 'reference'] if adapter.check_schema_exists(target.database, generate_schema_name(layer, none)) %}
        grant usage on schema {{ generate_schema_name(layer, none) }} to reporter;
        {% endfor %}
    {% endif %}
{%- endmacro %}
