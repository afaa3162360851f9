{# Makes the indexes that the model's config names and a table from before it lacks; dbt makes them with the table only. #}
{% macro create_missing_indexes(relation) -%}
    {%- set query %}
        select string_agg(attname, ', ' order by place) as columns
        from pg_index
        cross join unnest(indkey) with ordinality as keys (attnum, place)
        inner join pg_attribute on attrelid = indrelid and pg_attribute.attnum = keys.attnum
        where indrelid = '{{ relation }}'::regclass
        group by indexrelid
    {%- endset %}
    {%- set held = run_query(query).columns['columns'].values() -%}
    {%- for index in config.get('indexes', []) if index['columns'] | join(', ') not in held -%}
        {%- do run_query(get_create_index_sql(relation, index)) -%}
    {%- endfor -%}
{%- endmacro %}
