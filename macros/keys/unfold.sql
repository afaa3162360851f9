{# A lateral subquery: several rows for each row that it is joined to, lists of expressions on its columns. No list of values: the
   expressions of one are prepared anew for every row that it is joined to, which takes ten times as long. #}
{% macro unfold(columns, rows) -%}
    (
        {%- for row in rows %}
        {{ 'union all ' if not loop.first }}select
            {%- for expression in row %} {{ expression }} as {{ columns[loop.index0] }}{{ ',' if not loop.last }}{% endfor %}
        {%- endfor %}
    )
{%- endmacro %}
