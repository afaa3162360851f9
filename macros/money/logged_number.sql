{# A logged text that is a plain number of the given type; NULL where it is none. #}
{% macro logged_number(column, type) -%}
    case when pg_input_is_valid({{ column }}, '{{ type }}') and {{ column }} ~ '^[-+]?[0-9.]+([eE][-+]?[0-9]{1,2})?$' then {{ column }} end
{%- endmacro %}
