{# Of an append-only raw table, the newest version of each key, tombstones included. Only rows with _version > 1
   can supersede another, and they are few and have an index, so no sort over the whole table is needed. Of those the
   last of each key is enough: compared with every later one, many versions of one key would cost their square, and which
   join the planner takes would decide about it. The bound is
   "not newer" rather than "at or before" because nearly all rows pass it: it must not tempt the planner to an index.
   The join is a left one, where `not exists` would say the same: from PostgreSQL 16 on that may hash the whole table, to look
   the few rows up in it. To the planner both cost the same; where it did so, reading took four times as long.
   The subqueries are for dbt's --empty, which brings an alias of its own.
   Of a log of deals the rows have the column deal_key as well: the given expression, on which raw has an index. Citus
   distributes by columns only, and joins on the shards by them: there it is raw's column _deal_key (citus.sql). #}
{% macro newest_versions(relation, key_columns, nullable_key_columns=[], deal_key=none) -%}
    {%- set has_column = deal_key and target.name == 'citus' -%}
    {%- set key_columns = (['_deal_key'] if has_column else []) + key_columns -%}
    select versions.*
    from (
        select * {%- if deal_key %}, {{ '_deal_key' if has_column else deal_key }} as deal_key {%- endif %}
        from {{ relation }}
    ) as versions
    left join (
        select
            {{ (key_columns + nullable_key_columns) | join(', ') }},
            max(_version) as last_version
        from (select * from {{ relation }}) as later_versions
        where
            _version > 1
            and (_loaded_at > {{ loaded_until() }}) is not true
        group by {{ (key_columns + nullable_key_columns) | join(', ') }}
    ) as later
        on
            {% for column in key_columns -%}
            {{ 'and ' if not loop.first }}later.{{ column }} = versions.{{ column }}
            {% endfor %}
            {%- for column in nullable_key_columns -%}
            and later.{{ column }} is not distinct from versions.{{ column }}
            {% endfor %}
    where
        (versions._loaded_at > {{ loaded_until() }}) is not true
        and (later.last_version > versions._version) is not true
{%- endmacro %}
