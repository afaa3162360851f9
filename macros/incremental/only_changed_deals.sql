{# In an incremental run, keep the deals that collect_changed_deals found. A plain qual on the partition key is
   pushed below window functions to the index on raw; a join or an "in (subquery)" is not. Commands that only read (show,
   compile) have found none, and ask for all deals. #}
{% macro only_changed_deals() -%}
    {% if is_incremental() and flags.WHICH in ['build', 'run'] %}where deal_key = any(array(select changed.deal_key from changed_deals as changed)){% endif %}
{%- endmacro %}
