{# A text trimmed, and NULL where nothing is left or where it says null, which the loader once took for a text; where
   is_id holds, a number is written as an id: 1.0 and 01 are 1. Tables that have been through a spreadsheet or a data
   frame write ids so. Before all else a look at the raw text tells most values from those: every query on the log pays
   for this expression, for each row twice. #}
{% macro plain_id(column, is_id) -%}
    {%- set trimmed = "nullif(nullif(btrim(" ~ column ~ "), ''), 'null')" -%}
    case
        when ({{ column }} like '%.%' or {{ column }} collate "C" < '1') and {{ is_id }}
            then regexp_replace({{ trimmed }}, '^0*(\d+)(\.0*)?$', '\1')
        else {{ trimmed }}
    end
{%- endmacro %}
