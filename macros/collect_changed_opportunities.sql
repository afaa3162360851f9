{# Pre-hook of a mart keyed by opportunity_key: as collect_changed_deals, but over every CRM, into the temporary table
   changed_opportunities. A new or changed stage changes all opportunities of its CRM. A further CRM is one more entry. #}
{% macro collect_changed_opportunities() -%}
    {% set horizon = loaded_until() %}
    {% set sources = [
        {
            'logs': [(ref('stg_pipedrive__deal_changes'), 'deal_id')],
            'reference': ref('stg_pipedrive__stages'),
        },
        {
            'logs': [
                (ref('stg_salesforce__opportunities'), 'opportunity_key'),
                (ref('stg_salesforce__opportunity_history'), 'opportunity_key'),
                (ref('stg_salesforce__opportunity_field_history'), 'opportunity_key'),
            ],
            'reference': ref('stg_salesforce__opportunity_stages'),
        },
    ] %}
    {% if is_incremental() %}
        {% set watermark %}(select coalesce(max(mart._loaded_at), '-infinity') from {{ this }} as mart){% endset %}
        select pg_advisory_xact_lock(hashtextextended('{{ this }}', 0));
        select set_config('sales_funnel.loaded_until', {{ horizon }}::text, true);
        do $block$
        begin
            execute format($statement$
                create temporary table changed_opportunities on commit drop as
                {% for source in sources %}
                {% set number, is_last_source = loop.index, loop.last %}
                {% for relation, key in source['logs'] %}
                select changes.{{ key }} as opportunity_key
                from {{ relation }} as changes
                where changes._loaded_at > %{{ number }}$L
                {{ 'union' if not (loop.last and is_last_source) }}
                {% endfor %}
                {% endfor %}
            $statement$
            {%- for source in sources %}, {{ changed_since(watermark, [source['reference']]) }}{% endfor %});
        end
        $block$;
        analyze changed_opportunities;
        {# As in collect_changed_deals: with thousands of keys, nested loops over two timelines are quadratic. #}
        set local enable_nestloop = off
    {% endif %}
{%- endmacro %}
