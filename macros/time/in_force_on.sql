{# Whether a row with valid_from and valid_to (NULL: still) is the last one of a date in the var reporting_timezone: what the
   day ended with. #}
{% macro in_force_on(relation, day) -%}
    {{ in_force_at(relation, end_of_day(day)) }}
{%- endmacro %}
