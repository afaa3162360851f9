{# Joins the CTE owners (dim_deal_owner_history): who owned the deal of `relation` at the time in `column`.
   Intervals are half-open and do not overlap, so at most one matches. #}
{% macro join_owner_at(relation, column) -%}
    left join owners
        on
            {{ relation }}.deal_key = owners.deal_key
            and {{ in_force_at('owners', relation ~ '.' ~ column) }}
{%- endmacro %}
