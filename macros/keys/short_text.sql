{# A text that reports group by: trimmed, NULL where nothing is left. An entry of an index holds 2704 bytes, and people write more
   into a field; what differs behind the 200th sign alone is one. #}
{% macro short_text(column) -%}
    left(nullif(btrim({{ column }}), ''), 200)
{%- endmacro %}
