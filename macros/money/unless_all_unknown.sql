{# A sum of known amounts that was added up with zeros for unknown ones, by counts: NULL where some are unknown and none
   is known. sum_known does the same where the rows are at hand. #}
{% macro unless_all_unknown(amount, known_count, unknown_count) -%}
    case when {{ known_count }} > 0 or coalesce({{ unknown_count }}, 0) = 0 then {{ amount }} end
{%- endmacro %}
