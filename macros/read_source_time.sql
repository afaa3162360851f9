{# A source time without an offset, read in the var source_timezone. #}
{% macro read_source_time(column) -%}
    {{ column }} at time zone '{{ var("source_timezone") }}'
{%- endmacro %}
