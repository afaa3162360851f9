{# Post-hook of tables and seeds: statistics for the planner where there are none. autovacuum brings them a minute later, when
   what reads the table has been built, and never to a table of less than fifty rows: without them it takes one row for a thousand.
   Few samples do for plans, and autovacuum takes more. On Citus the shards have statistics, their coordinator has not. #}
{% macro analyze_unknown() -%}
    {% if execute and config.get('materialized') != 'view' and target.name != 'citus' %}
    do $block$
    begin
        if not exists (select 1 from pg_stats where schemaname = '{{ this.schema }}' and tablename = '{{ this.identifier }}') then
            set local default_statistics_target = 50;
            analyze {{ this }};
        end if;
    end
    $block$
    {% endif %}
{%- endmacro %}
