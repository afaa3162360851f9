{# In an incremental run, keep the deals that collect_changed_deals found. A plain qual on the partition key is
   pushed below window functions to the index on raw; a join or an "in (subquery)" is not. #}
{% macro only_changed_deals() -%}
    {% if is_incremental() %}where deal_id = any(array(select changed.deal_id from changed_deals as changed)){% endif %}
{%- endmacro %}
