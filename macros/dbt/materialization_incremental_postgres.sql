{# dbt's own materialization for increments; whatever builds in full goes the way of tables, which never swaps. #}
{% materialization incremental, adapter='postgres' %}
    {%- set existing_relation = load_cached_relation(this) -%}
    {% if existing_relation is none or not existing_relation.is_table or should_full_refresh() %}
        {{ return(materialization_table_postgres()) }}
    {% endif %}
    {{ return(materialization_incremental_default()) }}
{% endmaterialization %}
