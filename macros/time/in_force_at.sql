{# Whether a row with valid_from and valid_to (NULL: still) is the last one before an instant. #}
{% macro in_force_at(relation, instant) -%}
    {{ relation }}.valid_from < {{ instant }}
    and ({{ relation }}.valid_to >= {{ instant }} or {{ relation }}.valid_to is null)
{%- endmacro %}
