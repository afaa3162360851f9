{# The staging models that a mart stands on, from dbt's graph, in two lists: those that name a deal (they have a deal_key);
   and the others, of which a new row may change any deal. Reference tables (meta.is_reference) are judged by their rows
   instead, as seeds are: see query_fingerprints. #}
{% macro find_logs() -%}
    {%- set logs, references = [], [] -%}
    {%- for id in find_ancestors(model, through_references=false) if graph.nodes[id].name.startswith('stg_') and '_loaded_at' in graph.nodes[id].columns -%}
        {%- do (logs if 'deal_key' in graph.nodes[id].columns else references).append(graph.nodes[id].relation_name) -%}
    {%- endfor -%}
    {{- return((logs | sort, references | sort)) -}}
{%- endmacro %}
