{# The instant at which a date begins in the var reporting_timezone. #}
{% macro start_of_day(column) -%}
    ({{ column }}::timestamp at time zone '{{ var("reporting_timezone") }}')
{%- endmacro %}
