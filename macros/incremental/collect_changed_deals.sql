{# Pre-hook of a mart keyed by deal: the deals that this run must replace, in the temporary table changed_deals. #}
{% macro collect_changed_deals() -%}
    {# Outside the condition, so that dbt sees the dependency when it parses. #}
    {% set horizon = loaded_until() %}
    {% if is_incremental() %}
        {{ collect_changed_keys('changed_deals', ['deal_id'], is_rebuilt=find_reason_to_rebuild()) }}
    {% endif %}
{%- endmacro %}
