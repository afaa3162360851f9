{# For a pre-hook of a mart: fixes the load horizon for the transaction, and collects the keys with rows loaded since the
   mart's watermark (see changed_since) into a temporary table. Where every row must be replaced, those that the mart
   holds are among them, or a key that is gone would stay (is_keyed: false where the mart has no such column).
   Executed with the watermark as a literal: of a subquery the planner knows nothing, guesses a fifth of the log, and
   takes hash tables for that, so that the search grows with what is stored. A setting would not reach Citus's shards. #}
{% macro collect_changed_keys(table, key_columns, is_rebuilt, is_keyed=true) -%}
    {# The planner takes an array for ten deals. With thousands, nested loops over two timelines are quadratic. In a
       statement of its own, since Citus sends all of the text that a "set local" stands in to its nodes. #}
    {% do run_query('set local enable_nestloop = off') %}
    {% set logs, references = find_logs(key_columns) %}
    select set_config('sales_funnel.loaded_until', {{ loaded_until() }}::text, true);
    do $block$
    begin
        execute format($statement$
            create temporary table {{ table }} on commit drop as
            {%- for relation, key in logs %}
            select changes.{{ key }} as {{ key_columns[0] }} from {{ relation }} as changes where changes._loaded_at > %1$L
            {{ 'union' if is_keyed or not loop.last }}
            {%- endfor %}
            {% if is_keyed -%}
            select mart.{{ key_columns[0] }} from {{ this }} as mart where %1$L = '-infinity'
            {%- endif %}
        $statement$, {{ "'-infinity'" if is_rebuilt else changed_since(references) }});
    end
    $block$;
    analyze {{ table }}
{%- endmacro %}
