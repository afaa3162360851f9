{# Replaces a table's rows by those of a query in the transaction that is open. Deleted, not truncated: a reader with an
   older snapshot would see an empty table. Indexes, grants, comments and the views on it stay. #}
{% macro replace_rows(relation, query) -%}
    {%- set shape = make_temp_relation(relation, '__shape') -%}
    {%- set is_contracted = config.get('contract').enforced -%}
    {% call statement('make_shape') -%}
        {%- if is_contracted %}{{ get_assert_columns_equivalent(query) }}{% endif %}
        create temporary table {{ shape }}
        {% if is_contracted -%}
        {{ get_table_columns_and_constraints() }} on commit drop
        {%- else -%}
        on commit drop as {{ query }} with no data
        {%- endif %}
    {%- endcall %}
    {% do create_indexes(shape) %}
    {% call statement('delete_rows') %}delete from {{ relation }}{% endcall %}
    {% do reshape_table(relation, shape) %}
    {%- set names %}select string_agg(quote_ident(attname), ', ') from pg_attribute where attrelid = '{{ shape }}'::regclass and attnum > 0{% endset %}
    {%- set columns = run_query(names).columns[0][0] %}
    {% call statement('main') -%}
        insert into {{ relation }} ({{ columns }})
        select {{ columns }}
        from (
            {{ query }}
        ) as query
    {%- endcall %}
{%- endmacro %}
