{# Several rows of each row that it is joined to, as a lateral function: tuples of expressions on its columns. No list of values: the
   expressions of one are prepared anew for every row that it is joined to, which takes ten times as long. #}
{% macro unfold(rows) -%}
    unnest(
        {%- for column in rows[0] %}
        {%- set place = loop.index0 %}
        array[{{ rows | map(attribute=place) | join(', ') }}]{{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
