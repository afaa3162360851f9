{# Query: the columns, constraints and indexes of a table. Two tables have the same part where part, key and definition
   agree; the key holds the types of a constraint's or an index's columns, so that it is made anew with a retyped column. #}
{% macro list_table_parts(relation) -%}
    select 'column' as part, quote_ident(attname) as key, format_type(atttypid, atttypmod) as definition, attname::text as name, attnotnull as is_strict
    from pg_attribute
    where attrelid = '{{ relation }}'::regclass and attnum > 0 and not attisdropped
    union all
    select 'constraint', string_agg(atttypid::regtype::text, ', ' order by attnum), pg_get_constraintdef(pg_constraint.oid), conname::text, false
    from pg_constraint
    inner join pg_attribute on attrelid = conrelid and attnum = any(conkey)
    where conrelid = '{{ relation }}'::regclass and contype in ('p', 'u', 'c')
    group by pg_constraint.oid, conname
    union all
    select 'index', concat(indisunique, string_agg(atttypid::regtype::text, ', ' order by attnum)), substring(pg_get_indexdef(indexrelid) from 'USING .*'), relname::text, indisunique
    from pg_index
    inner join pg_class on pg_class.oid = indexrelid
    inner join pg_attribute on attrelid = indexrelid
    where indrelid = '{{ relation }}'::regclass and not exists (select from pg_constraint where conindid = indexrelid)
    group by indexrelid, indisunique, relname
{%- endmacro %}
