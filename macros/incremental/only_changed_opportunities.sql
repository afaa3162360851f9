{# In an incremental run, keep the opportunities that collect_changed_opportunities found; see only_changed_deals. #}
{% macro only_changed_opportunities() -%}
    {% if is_incremental() -%}
    where opportunity_key = any(array(select changed.opportunity_key from changed_opportunities as changed))
    {%- endif %}
{%- endmacro %}
