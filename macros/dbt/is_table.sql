{# Whether a node of the graph is a model that keeps rows, and so may be out of date. #}
{% macro is_table(node) -%}
    {{- return(node.resource_type == 'model' and node.config.materialized in ['table', 'incremental']) -}}
{%- endmacro %}
