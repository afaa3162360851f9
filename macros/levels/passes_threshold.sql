{# Whether a value lies beyond a threshold on the side that alarms; the query has the threshold as `thresholds`. #}
{% macro passes_threshold(value) -%}
    case thresholds.direction when 'below' then {{ value }} < thresholds.threshold else {{ value }} > thresholds.threshold end
{%- endmacro %}
