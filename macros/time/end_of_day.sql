{# The instant at which a date ends in the var reporting_timezone: what began before it had begun on that day. A day
   begins as the one before ends. #}
{% macro end_of_day(column) -%}
    (({{ column }} + 1)::timestamp at time zone '{{ var("reporting_timezone") }}')
{%- endmacro %}
