{# An amount in the reporting currency by the rate that join_rate found, unrounded: sums are made before rounding. #}
{% macro convert_currency(amount) -%}
    ({{ amount }} * rates.rate)
{%- endmacro %}
