{# The staging models that a mart stands on, from dbt's graph, in two lists: those that name a deal (they have a deal_key);
   and the others, of which a new row may change any deal. Settings are among the others by the loads of their raw table,
   where rows that have gone, perhaps all, show as well. Reference tables (meta.is_reference) are judged by their own rows
   instead: see changed_since. #}
{% macro find_logs() -%}
    {%- set logs, references = [], [] -%}
    {%- for id in find_ancestors(model, through_references=false) if graph.nodes[id].name.startswith('stg_') -%}
        {%- set node = graph.nodes[id] -%}
        {%- if 'deal_key' in node.columns -%}
            {%- do logs.append(node.relation_name) -%}
        {%- elif node.name.startswith('stg_settings__') -%}
            {%- set raw_table = graph.sources[node.depends_on.nodes | select('in', graph.sources) | first].relation_name -%}
            {%- do references.append('(select _loaded_at from ' ~ raw_table ~ ' where _loaded_at <= ' ~ loaded_until() ~ ') as loads') -%}
        {%- elif '_loaded_at' in node.columns -%}
            {%- do references.append(node.relation_name) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return((logs | sort, references | sort)) -}}
{%- endmacro %}
