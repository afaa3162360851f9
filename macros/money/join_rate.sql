{# Joins the CTE `rates` (dim_exchange_rates) to a relation: the rate of its currency on a day, for convert_currency. An amount that
   names no currency is in the reporting currency; one whose currency has no rate finds none, and is unknown. #}
{% macro join_rate(relation, day, currency='currency') -%}
    left join rates
        on
            coalesce({{ relation }}.{{ currency }}, '{{ var("reporting_currency") }}') = rates.currency
            and coalesce({{ day }}, 'epoch') >= rates.valid_from
            and coalesce({{ day }}, 'epoch') < rates.valid_to
{%- endmacro %}
