{# The ids of the models and seeds that a node stands on; without through_tables only as far as the first tables, without
   through_references as far as the first reference tables. #}
{% macro find_ancestors(node, through_tables=true, through_references=true) -%}
    {%- set found, open = [], [node] -%}
    {%- for descendant in open -%}
        {%- for id in descendant.depends_on.nodes or [] if id in graph.nodes and id not in found -%}
            {%- do found.append(id) -%}
            {%- if (through_tables or not is_table(graph.nodes[id])) and (through_references or not is_reference(graph.nodes[id])) -%}
                {%- do open.append(graph.nodes[id]) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(found) -}}
{%- endmacro %}
