{# dbt's own materialization for seeds, which refuses to replace a view: `dbt clone` leaves one. #}
{% materialization seed, adapter='postgres' %}
    {%- set existing_relation = load_cached_relation(this) -%}
    {% if existing_relation is not none and existing_relation.is_view %}
        {% do drop_other_kind(existing_relation) %}
    {% endif %}
    {{ return(materialization_seed_default()) }}
{% endmaterialization %}
