{# The instant at which a date ends in the var reporting_timezone: what began before it had begun on that day. #}
{% macro end_of_day(column) -%}
    (({{ column }} + 1)::timestamp at time zone '{{ var("reporting_timezone") }}')
{%- endmacro %}
