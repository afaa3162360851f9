{# The staging models that a mart stands on, from dbt's graph, in two lists: those that name a deal, as (relation, key
   column), the first of key_columns that they have; and the others, of which a new row may change any deal. #}
{% macro find_logs(key_columns) -%}
    {%- set logs, references = [], [] -%}
    {%- for id in find_ancestors(model) if graph.nodes[id].name.startswith('stg_') and '_loaded_at' in graph.nodes[id].columns -%}
        {%- set keys = key_columns | select('in', graph.nodes[id].columns) | list -%}
        {%- if keys -%}
            {%- do logs.append((graph.nodes[id].relation_name, keys[0])) -%}
        {%- else -%}
            {%- do references.append(graph.nodes[id].relation_name) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return((logs | sort, references | sort)) -}}
{%- endmacro %}
