{# What `dbt show` sends, in place of dbt's own macro. As a reporter, whom assistants connect as, it returns at most
   max_shown_rows, whatever the query and --limit say; and what is no query, such as a delete, is no subquery. #}
{% macro get_show_sql(compiled_code, sql_header, limit) -%}
    {{ sql_header or '' }}
    {%- if target.user in ['reporter', 'reporter_named'] %}
select * from (
{{ compiled_code }}
) as shown
limit {{ [var('max_shown_rows'), limit if limit is not none else var('max_shown_rows')] | min }}
    {%- else %}
{{ compiled_code }}
{{ 'limit ' ~ limit if limit is not none }}
    {%- endif %}
{%- endmacro %}
