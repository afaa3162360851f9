{# What each relation was built from is remembered here: see remember_definition. It lies beside dbt_run_results, outlives
   full refreshes as that does, and time travel has one of its own. #}
{% macro definitions_table() -%}
    {{ generate_schema_name('monitoring', none) }}.definitions
{%- endmacro %}
