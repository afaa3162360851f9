{# What stands for a logged lost reason above staging: the id of an option as it is, of a text its hash, since a text may
   name a person. Texts that differ in case and blanks only are one. dim_lost_reasons says which texts may be read. #}
{% macro lost_reason_key(column) -%}
    case
        when {{ column }} ~ '^\d{1,6}$' then {{ column }}
        else 'text:' || md5(lower(regexp_replace(btrim({{ column }}), '\s+', ' ', 'g')))
    end
{%- endmacro %}
