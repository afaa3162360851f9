-- In every raw table the versions of a key count up by one: none is there twice, and a later one needs the version before it, from
-- an earlier load. Keys are those that the loader goes by. Only rows with _version > 1 are looked up, so that costs little; and keys
-- are compared only where two rows have one hash, since sorting hashes takes half as long.
-- depends_on: {{ source('loads', 'load_batches') }}
{% set tables = [] %}
{% if execute %}
    {% set keys %}
        select
            files.table_name,
            string_agg(quote_ident(columns.attname), ', '),
            string_agg(
                format('earlier.%1$I %2$s later.%1$I', columns.attname, case when columns.attnotnull then '=' else 'is not distinct from' end), ' and '
            )
        from {{ source('loads', 'files') }} as files
        inner join pg_attribute as columns on to_regclass('raw.' || files.table_name) = columns.attrelid
        where columns.attname = any(files.key_columns)
        group by files.table_name
        order by files.table_name
    {% endset %}
    {% set tables = run_query(keys).rows %}
{% endif %}

{% for table, key, same_key in tables %}
(
    with repeated as (
        select {{ key }}, _version
        from raw.{{ table }}
        where (select count(*) > count(distinct hash_record_extended(row({{ key }}, _version), 0)) from raw.{{ table }})
        group by {{ key }}, _version
        having count(*) > 1
    ),

    without_the_one_before as (
        select {{ key }}, _version
        from raw.{{ table }} as later
        where
            _version <> 1
            and not exists (
                select 1
                from raw.{{ table }} as earlier
                where
                    {{ same_key }}
                    and earlier._version = later._version - 1
                    and earlier._loaded_at < later._loaded_at
            )
    )

    select
        '{{ table }}' as table_name,
        'is there twice' as fault,
        to_jsonb(repeated)::text as row_at_fault
    from repeated
    union all
    select
        '{{ table }}' as table_name,
        'lacks the version before it, from an earlier load' as fault,
        to_jsonb(without_the_one_before)::text as row_at_fault
    from without_the_one_before
)
{{ 'union all' if not loop.last }}
{% else %}
select null where false
{% endfor %}
