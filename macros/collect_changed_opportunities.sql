{# Pre-hook of a mart keyed by opportunity_key: as collect_changed_deals, but over every CRM, into the temporary table
   changed_opportunities. A new or changed stage changes all opportunities of its CRM. A further CRM is one more entry. #}
{% macro collect_changed_opportunities() -%}
    {% set horizon = loaded_until() %}
    {% set pipedrive_stages, salesforce_stages = ref('stg_pipedrive__stages'), ref('stg_salesforce__opportunity_stages') %}
    {% set logs = [
        (ref('stg_pipedrive__deal_changes'), 'deal_id', pipedrive_stages),
        (ref('stg_salesforce__opportunities'), 'opportunity_key', salesforce_stages),
        (ref('stg_salesforce__opportunity_history'), 'opportunity_key', salesforce_stages),
        (ref('stg_salesforce__opportunity_field_history'), 'opportunity_key', salesforce_stages),
    ] %}
    {% if is_incremental() %}
        {# As in collect_changed_deals: with thousands of keys, nested loops over two timelines are quadratic. #}
        {% do run_query('set local enable_nestloop = off') %}
        {% set watermark %}(select coalesce(max(mart._loaded_at), '-infinity') from {{ this }} as mart){% endset %}
        select set_config('sales_funnel.loaded_until', {{ horizon }}::text, true);
        do $block$
        begin
            execute format($statement$
                create temporary table changed_opportunities on commit drop as
                {% for relation, key, _ in logs %}
                select changes.{{ key }} as opportunity_key
                from {{ relation }} as changes
                where changes._loaded_at > %{{ loop.index }}$L
                {{ 'union' if not loop.last }}
                {% endfor %}
            $statement$
            {%- for _, _, stages in logs %}, {{ changed_since(watermark, [stages]) }}{% endfor %});
        end
        $block$;
        analyze changed_opportunities
    {% endif %}
{%- endmacro %}
