{# An amount in the reporting currency by the rate that join_rate found. Six digits, the precision of every amount in the marts,
   so that whatever adds amounts up comes to the same sum; reports round it to cents after adding up. #}
{% macro convert_currency(amount) -%}
    ({{ amount }} * rates.exact_rate)::numeric(28, 6)
{%- endmacro %}
