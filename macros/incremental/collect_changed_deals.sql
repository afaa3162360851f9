{# Pre-hook of a mart keyed by deal: fixes the load horizon for the transaction, and collects the deals with rows loaded since
   the mart's watermark (see changed_since) into the temporary table changed_deals. Where every row must be replaced, those
   that the mart holds are among them, or a deal that is gone would stay; a mart may name a further condition for that.
   Executed with the watermark as a literal: of a subquery the planner knows nothing, guesses a fifth of the log, and
   takes hash tables for that, so that the search grows with what is stored. A setting would not reach Citus's shards. #}
{% macro collect_changed_deals(rebuild_when='false') -%}
    {# Outside the condition, so that dbt sees the dependency when it parses. #}
    {% set horizon = loaded_until() %}
    {% if is_incremental() %}
    {# The planner takes an array for ten deals. With thousands, nested loops over two timelines are quadratic. In a
       statement of its own, since Citus sends all of the text that a "set local" stands in to its nodes. #}
    {% do run_query('set local enable_nestloop = off') %}
    {% set logs, references = find_logs() %}
    select set_config('sales_funnel.loaded_until', {{ horizon }}::text, true);
    do $block$
    begin
        execute format($statement$
            create temporary table changed_deals on commit drop as
            {%- for relation in logs %}
            select changes.deal_key from {{ relation }} as changes where changes._loaded_at > %1$L
            union
            {%- endfor %}
            select mart.deal_key from {{ this }} as mart where %1$L = '-infinity'
        $statement$, case when {{ 'true' if find_reason_to_rebuild() else rebuild_when }} then '-infinity' else {{ changed_since(references) }} end);
    end
    $block$;
    analyze changed_deals
    {% endif %}
{%- endmacro %}
