{# A ratio to `digits` digits; NULL when the divisor is zero or missing. #}
{% macro divide(numerator, denominator, digits=10) -%}
    (({{ numerator }})::numeric / nullif({{ denominator }}, 0))::numeric(38, {{ digits }})
{%- endmacro %}
