{# dbt's macro that empties a seed's table before it is filled: it truncates, or drops with everything that depends on
   it. Here the rows are deleted in place, and the columns changed where they differ; see replace_rows. #}
{% macro postgres__reset_csv_table(model, full_refresh, old_relation, agate_table) -%}
    {%- set shape = make_temp_relation(old_relation, '__shape') -%}
    {%- set column_types = model['config'].get('column_types', {}) -%}
    {%- set quote_columns = model['config'].get('quote_columns', none) -%}
    {% call statement('make_shape') -%}
        create temporary table {{ shape }} (
            {%- for name in agate_table.column_names %}
            {{ adapter.quote_seed_column(name | string, quote_columns) }}
            {{ column_types.get(name, adapter.convert_type(agate_table, loop.index0)) }}{{ ',' if not loop.last }}
            {%- endfor %}
        ) on commit drop
    {%- endcall %}
    {% call statement('delete_rows') %}delete from {{ old_relation }}{% endcall %}
    {% do reshape_table(old_relation, shape) %}
    {{ return('delete from ' ~ old_relation) }}
{%- endmacro %}
