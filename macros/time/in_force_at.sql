{# Whether a row with valid_from and valid_to (NULL: still) holds at an instant. Intervals are half-open. #}
{% macro in_force_at(relation, instant) -%}
    {{ relation }}.valid_from <= {{ instant }}
    and ({{ relation }}.valid_to > {{ instant }} or {{ relation }}.valid_to is null)
{%- endmacro %}
