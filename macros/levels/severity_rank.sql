{# Place of a severity of the setting alert_thresholds, 1 for the gravest. #}
{% macro severity_rank(column) -%}
    array_position(array['critical', 'high', 'warning', 'medium', 'low'], {{ column }})
{%- endmacro %}
