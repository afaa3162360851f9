{# The date of a timestamptz in the var reporting_timezone. #}
{% macro cut_day(column) -%}
    ({{ column }} at time zone '{{ var("reporting_timezone") }}')::date
{%- endmacro %}
