{# Whether marts look things up in a table as they do in a seed: small, and any row of it may change any row of theirs. What it holds
   is part of their definition: when a row changes, they are built anew in full. #}
{% macro is_reference(node) -%}
    {{- return((node.config.meta or {}).get('is_reference', false)) -}}
{%- endmacro %}
