{# What stands for a user of a CRM above raw: the id as it is, of a text that may be a name or an address its hash. An id has a
   digit, and neither a blank nor an @. #}
{% macro user_key(column) -%}
    case
        when {{ column }} ~ '^[^\s@]*\d[^\s@]*$' then {{ column }}
        else 'text:' || md5(lower(regexp_replace(btrim({{ column }}), '\s+', ' ', 'g')))
    end
{%- endmacro %}
