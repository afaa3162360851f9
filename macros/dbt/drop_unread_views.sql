{# Statement of a block: drops the views on a relation (or on these columns of it) that this run makes again and that no
   role but its own may read, so that nobody misses them meanwhile. #}
{% macro drop_unread_views(relation, columns=none) -%}
    {%- set unread = graph.nodes.values()
        | selectattr('config.materialized', 'equalto', 'view')
        | rejectattr('config.grants')
        | selectattr('unique_id', 'in', selected_resources)
        | map(attribute='relation_name') | list -%}
    {% if unread -%}
    execute coalesce((
        select 'drop view ' || string_agg(relid::regclass::text, ', ')
        from ({{ list_views_on(relation, columns) }}) as views
        where relid <> '{{ relation }}'::regclass and relid in (
            {%- for name in unread %}to_regclass('{{ name }}'){{ ', ' if not loop.last }}{% endfor -%}
        )
    ), 'select');
    {%- endif %}
{%- endmacro %}
