{# dbt's own materialization for seeds, which refuses to replace a view: `dbt clone` leaves one. It looks whether the table is
   there before any hook could wait for another run that makes it. #}
{% materialization seed, adapter='postgres' %}
    {% do lock_relation() %}
    {%- set existing_relation = load_cached_relation(this) -%}
    {% if existing_relation is not none and existing_relation.is_view %}
        {% do drop_other_kind(existing_relation) %}
    {% endif %}
    {{ return(materialization_seed_default()) }}
{% endmaterialization %}
