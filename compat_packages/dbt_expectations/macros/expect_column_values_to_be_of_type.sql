{# The type is the one that the catalog names, for instance `timestamp without time zone`; case is ignored. #}
{% test expect_column_values_to_be_of_type(model, column_name, column_type) %}
{%- if execute -%}
    {%- set wrong = [] -%}
    {%- for column in adapter.get_columns_in_relation(model) -%}
        {%- if column.name | upper == column_name | upper and column.dtype | upper != column_type | upper -%}
            {%- do wrong.append(column.dtype) -%}
        {%- endif -%}
    {%- endfor %}

select
    '{{ column_name }}' as column_name,
    '{{ wrong | first }}' as column_type
where {{ wrong | length > 0 }}

{%- endif -%}
{% endtest %}
