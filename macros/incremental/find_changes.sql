{# Query: the statements, in order, that make an emptied table like `shape`, and the columns that go by them. New columns
   come last. An index whose name is not one of dbt's (32 hexadecimal digits) is somebody's own, and stays. #}
{% macro find_changes(relation, shape) -%}
    with pairs as (
        select part, key, definition, held.name as held, wanted.name as wanted, held.is_strict as was_strict, wanted.is_strict
        from ({{ list_table_parts(relation) }}) as held
        full join ({{ list_table_parts(shape) }}) as wanted using (part, key, definition)
    ),

    steps as (
        select 1 as step, format('alter table {{ relation }} drop constraint %I', held) as change, null as gone_column
        from pairs where part = 'constraint' and wanted is null
        union all
        select 2, format('drop index {{ relation.without_identifier() }}.%I', held), null
        from pairs where part = 'index' and wanted is null and held ~ '^[0-9a-f]{32}$'
        union all
        select 3, format('alter table {{ relation }} drop column %s', key), held
        from pairs where part = 'column' and wanted is null
        union all
        select 4, format('alter table {{ relation }} add column %s %s %s', key, definition, case when is_strict then 'not null' end), null
        from pairs where part = 'column' and held is null
        union all
        select 5, format('alter table {{ relation }} alter column %s %s not null', key, case when is_strict then 'set' else 'drop' end), null
        from pairs where part = 'column' and is_strict <> was_strict
        union all
        select 6, format('alter table {{ relation }} add %s', definition), null
        from pairs where part = 'constraint' and held is null
        union all
        select 7, format('create %s index %I on {{ relation }} %s', case when is_strict then 'unique' end, wanted, definition), null
        from pairs where part = 'index' and held is null
    )

    select change, gone_column
    from steps
    order by step
{%- endmacro %}
