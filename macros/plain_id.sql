{# A number that stands in text as an id, written as the id: 1.0 and 01 are 1. Tables that have been through a
   spreadsheet or a data frame write ids so. Other texts stay as they are, and most ids cost one comparison. #}
{% macro plain_id(column) -%}
    case
        when {{ column }} like '%.%' or {{ column }} like '0%' then regexp_replace({{ column }}, '^0*(\d+)(\.0*)?$', '\1')
        else {{ column }}
    end
{%- endmacro %}
