{# The integer that a text opportunity id is filtered, replaced and partitioned by, as deal_id is for Pipedrive. Ids that
   share a hash are merely replaced together: no number depends on it being unique. raw has an index on it. #}
{% macro opportunity_key(column) -%}
    hashtextextended({{ column }}, 0)
{%- endmacro %}
