{# A ratio to ten digits; NULL when the divisor is zero or missing. #}
{% macro divide(numerator, denominator) -%}
    (({{ numerator }})::numeric / nullif({{ denominator }}, 0))::numeric(38, 10)
{%- endmacro %}
