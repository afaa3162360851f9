{# Joins the CTE owners (dim_deal_owner_history): who owned the deal of `relation` at the time in `column`.
   Intervals are half-open and do not overlap, so at most one matches. #}
{% macro join_owner_at(relation, column) -%}
    left join owners
        on
            {{ relation }}.deal_key = owners.deal_key
            and {{ relation }}.{{ column }} >= owners.valid_from
            and ({{ relation }}.{{ column }} < owners.valid_to or owners.valid_to is null)
{%- endmacro %}
