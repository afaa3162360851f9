{# The ids of the models and seeds that a node stands on; without through_tables only as far as the first tables, without
   through_references as far as the first reference tables. The graph keeps the answer until the run ends. #}
{% macro find_ancestors(node, through_tables=true, through_references=true) -%}
    {%- set keeper = (graph.nodes or {}).get(node.unique_id, node) -%}
    {%- set answer = 'ancestors' ~ through_tables ~ through_references -%}
    {%- if answer not in keeper -%}
        {%- set found, open = [], [node] -%}
        {%- for descendant in open -%}
            {%- for id in descendant.depends_on.nodes or [] if id in graph.nodes and id not in found -%}
                {%- do found.append(id) -%}
                {%- if (through_tables or not is_table(graph.nodes[id])) and (through_references or not is_reference(graph.nodes[id])) -%}
                    {%- do open.append(graph.nodes[id]) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- do keeper.update({answer: found}) -%}
    {%- endif -%}
    {{- return(keeper[answer]) -}}
{%- endmacro %}
