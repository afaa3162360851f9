{# Compares the columns of the new rows with those of the table. Where they differ the refusal is one line that names the
   command, and the table stays as it was. Returns their names, with commas between. #}
{% macro refuse_changed_columns(new_rows, relation) -%}
    {%- set query %}
        select key, held.definition is not distinct from wanted.definition as is_same
        from (select * from ({{ list_table_parts(relation) }}) as parts where part = 'column') as held
        full join (select * from ({{ list_table_parts(new_rows) }}) as parts where part = 'column') as wanted using (key)
        order by key
    {%- endset %}
    {%- set rows = run_query(query).rows -%}
    {%- set changed = rows | rejectattr('is_same') | map(attribute='key') | join(', ') -%}
    {%- if changed -%}
        {{- exceptions.raise_compiler_error('The columns ' ~ changed ~ ' of ' ~ relation.identifier
            ~ ' have changed, which takes a new table. Run: dbt build --full-refresh --select ' ~ relation.identifier ~ '+') -}}
    {%- endif -%}
    {{- return(rows | map(attribute='key') | join(', ')) -}}
{%- endmacro %}
