{# A view is replaced in place, and only if its definition has changed: a reader in a transaction holds the old one. dbt's
   own way (build beside, rename, drop the old one with everything that depends on it) takes the views above away. Where
   columns were renamed, retyped or removed, which PostgreSQL refuses in place, it is dropped and made in one transaction. #}
{% materialization view, adapter='postgres' %}
    {%- set target_relation = this.incorporate(type='view') -%}
    {%- set draft = make_temp_relation(target_relation, '__draft') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- set existing_relation = load_cached_relation(this) -%}
    {% if existing_relation is not none and not existing_relation.is_view %}
        {% do drop_other_kind(existing_relation) %}
    {% endif %}
    {% call statement('draft') -%}
        {%- if config.get('contract').enforced %}{{ get_assert_columns_equivalent(sql) }}{% endif %}
        create temporary view {{ draft }} as {{ sql }}
    {%- endcall %}
    {% call statement('main') %}{{ replace_view(target_relation, draft, sql) }}{% endcall %}

    {% do apply_grants(target_relation, config.get('grants'), should_revoke=existing_relation is not none) %}
    {% do persist_docs(target_relation, model) %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
