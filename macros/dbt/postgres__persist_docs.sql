{# dbt's macro that writes descriptions as comments, in one statement. dbt asks twice before which columns there are; here every
   column that is described is there, or the statement fails. Comments are plain text. #}
{% macro postgres__persist_docs(relation, model, for_relation, for_columns) -%}
    {%- set comments -%}
        {%- if for_relation and config.persist_relation_docs() and model.description -%}
            {{ alter_relation_comment(relation, plain_text(model.description) ~ describe_joins(model)) }}
        {%- endif %}
        {%- if for_columns and config.persist_column_docs() %}
            {%- for column in model.columns.values() %}
            comment on column {{ relation }}.{{ adapter.quote(column.name) if column.quote else column.name }} is {{ postgres_escape_comment(plain_text(column.description)) }};
            {%- endfor %}
        {%- endif %}
    {%- endset -%}
    {% if comments | trim %}
        {% do run_query(comments) %}
    {% endif %}
{%- endmacro %}
