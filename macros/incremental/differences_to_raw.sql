{# Query: how many rows a staging view has too many or too few of each load, tombstones apart, beside the newest versions of its raw
   table. Those are found by a plain "distinct on", which shares no code with the macro newest_versions. #}
{% macro differences_to_raw(view, raw_table, raw_key_columns, raw_is_deleted='_is_deleted') -%}
    {%- set key = raw_key_columns | join(', ') -%}
    select
        'not the newest versions of raw' as rule,
        sum(difference) as failing_rows
    from (
        select abs(sum(side)) as difference
        from (
            select
                _loaded_at,
                {{ raw_is_deleted }} as is_deleted,
                1 as side
            from (
                select distinct on ({{ key }}) *
                from {{ raw_table }}
                where _loaded_at <= {{ loaded_until() }}
                order by {{ key }}, _version desc
            ) as newest
            union all
            select
                _loaded_at,
                is_deleted,
                -1 as side
            from (select * from {{ view }}) as tested
        ) as sides
        group by _loaded_at, is_deleted
    ) as by_load
{%- endmacro %}
