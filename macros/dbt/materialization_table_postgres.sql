{# A table that stands is never swapped: its rows are replaced in place, in one transaction. dbt's own way (build beside,
   rename, drop the old one with everything that depends on it) takes every view on it along, also an analyst's own, and
   shows an empty table to a reader whose snapshot is older. A full build of an incremental model comes here, too. #}
{% materialization table, adapter='postgres' %}
    {%- set target_relation = this.incorporate(type='table') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- set existing_relation = load_cached_relation(this) -%}
    {% if existing_relation is not none and existing_relation.is_table %}
        {% do replace_rows(target_relation, sql) %}
    {% else %}
        {% if existing_relation is not none %}
            {% do drop_other_kind(existing_relation) %}
        {% endif %}
        {% call statement('main') %}{{ get_create_table_as_sql(False, target_relation, sql) }}{% endcall %}
        {% do create_indexes(target_relation) %}
    {% endif %}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {# Of a table that stands grants are kept, so that those which the project no longer names have to be taken back. #}
    {% do apply_grants(target_relation, config.get('grants'), should_revoke=existing_relation is not none) %}
    {% do persist_docs(target_relation, model) %}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
