{# Views are replaced in place. dbt's own way (build beside, rename, drop the old one with everything that depends on
   it) takes the views above away for a moment, so a second run or a reader at that moment fails. Only where columns
   were renamed, retyped or removed, which PostgreSQL refuses in place, is the view dropped and made anew. #}
{% materialization view, adapter='postgres' %}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='view') -%}
    {%- set grant_config = config.get('grants') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {% if existing_relation is not none and not existing_relation.is_view %}
        {{ drop_relation_if_exists(existing_relation) }}
    {% endif %}
    {% call statement('main') -%}
        {%- if config.get('contract').enforced %}{{ get_assert_columns_equivalent(sql) }}{% endif %}
        do $replace_view$
        declare
            definition text := $definition$
{{ sql }}
$definition$;
        begin
            execute 'create or replace view {{ target_relation }} as ' || definition;
        exception when invalid_table_definition then
            execute 'drop view {{ target_relation }} cascade';
            execute 'create view {{ target_relation }} as ' || definition;
        end
        $replace_view$
    {%- endcall %}

    {% do apply_grants(target_relation, grant_config, should_revoke=should_revoke(existing_relation, full_refresh_mode=True)) %}
    {% do persist_docs(target_relation, model) %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
