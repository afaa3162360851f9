{# Pre-hook of a mart keyed by deal: fixes the load horizon for the transaction,
   and collects the deals with rows loaded since the mart's watermark (the newest _loaded_at it holds) into the
   temporary table changed_deals. A new row in one of reference_relations, which every deal may depend on, changes all.
   Executed with the watermark as a literal: of a subquery the planner knows nothing, guesses a fifth of the log, and
   takes hash tables for that, so that the search grows with what is stored. A setting would not reach Citus's shards. #}
{% macro collect_changed_deals(relations, reference_relations=[]) -%}
    {# Outside the condition, so that dbt sees the dependency when it parses. #}
    {% set horizon = loaded_until() %}
    {% if is_incremental() %}
        {# The planner takes an array for ten deals. With thousands, nested loops over two timelines are quadratic. In a
           statement of its own, since Citus sends all of the text that a "set local" stands in to its nodes. #}
        {% do run_query('set local enable_nestloop = off') %}
        {% set watermark %}(select coalesce(max(mart._loaded_at), '-infinity') from {{ this }} as mart){% endset %}
        select set_config('sales_funnel.loaded_until', {{ horizon }}::text, true);
        do $block$
        begin
            execute format($statement$
                create temporary table changed_deals on commit drop as
                {% for relation in relations %}
                select deal_id
                from {{ relation }}
                where _loaded_at > %1$L
                {{ 'union' if not loop.last }}
                {% endfor %}
            $statement$, {{ changed_since(watermark, reference_relations) }});
        end
        $block$;
        analyze changed_deals
    {% endif %}
{%- endmacro %}
