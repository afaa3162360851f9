{# First day of the fiscal quarter that holds a date; quarters are counted from the var fiscal_year_start_month. #}
{% macro cut_fiscal_quarter(column) -%}
    {%- set shift = (var('fiscal_year_start_month') | int - 1) % 3 -%}
    (date_trunc('quarter', {{ column }} - interval '{{ shift }} months') + interval '{{ shift }} months')::date
{%- endmacro %}
