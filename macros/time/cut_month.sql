{# First day of the month that holds a timestamptz, in the var reporting_timezone. #}
{% macro cut_month(column) -%}
    date_trunc('month', {{ column }} at time zone '{{ var("reporting_timezone") }}')::date
{%- endmacro %}
