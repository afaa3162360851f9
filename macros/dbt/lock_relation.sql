{# Before every model and seed is built: one run at a time builds a relation; a second one says who does, and waits. The lock
   belongs to the transaction that builds the node, so that PostgreSQL frees it however that ends, and a pooler's session keeps
   none. What the other run has made since this one began, when dbt looked what there is, dbt is told here. #}
{% macro lock_relation() -%}
    {%- set key -%}hashtextextended('{{ this }}', 0){%- endset -%}
    {% if execute and not run_query('select pg_try_advisory_xact_lock(' ~ key ~ ')').columns[0][0] %}
        {%- set holder -%}
            select raw.describe_sessions(array(
                select pid from pg_locks
                where
                    locktype = 'advisory' and granted and objsubid = 1
                    and database = (select oid from pg_database where datname = current_database())
                    and (classid::bigint << 32) | objid::bigint = {{ key }}
            ))
        {%- endset -%}
        {% do log(this ~ ' waits, because it is being built by ' ~ (run_query(holder).columns[0][0] or 'a run that has just ended'), info=true) %}
        {% do run_query("select set_config('lock_timeout', '0', true)") %}
        {% do run_query('select pg_advisory_xact_lock(' ~ key ~ ')') %}
        {% do run_query("select set_config('lock_timeout', (select reset_val from pg_settings where name = 'lock_timeout'), true)") %}
    {% endif %}
    {% if execute and load_cached_relation(this) is none and run_query("select to_regclass('" ~ this ~ "') is not null").columns[0][0] %}
        {% do adapter.cache_added(this.incorporate(type='view' if config.get('materialized') == 'view' else 'table')) %}
    {% endif %}
{%- endmacro %}
