{# Pre-hook of a mart keyed by opportunity_key: as collect_changed_deals, but over every CRM, into the temporary table
   changed_opportunities. Pipedrive's logs have the deal's id as the key. #}
{% macro collect_changed_opportunities() -%}
    {% set horizon = loaded_until() %}
    {% if is_incremental() %}
        {{ collect_changed_keys('changed_opportunities', ['opportunity_key', 'deal_id'], is_rebuilt=find_reason_to_rebuild()) }}
    {% endif %}
{%- endmacro %}
