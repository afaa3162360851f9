{# In an incremental run, keep the deals that collect_changed_deals found. A plain qual on the partition key is
   pushed below window functions to the index on raw; a join or an "in (subquery)" is not. #}
{% macro only_changed_deals() -%}
    {% if is_incremental() %}where deal_key = any(array(select changed.deal_key from changed_deals as changed)){% endif %}
{%- endmacro %}
