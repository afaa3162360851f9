{# Compares the columns of the new rows with those of the table. Where they differ the refusal is one line that names the
   command, and the table stays as it was. Returns the columns. #}
{% macro refuse_changed_columns(new_rows, relation) -%}
    {%- set query %}
        select name, definition, held.part is not null and wanted.part is not null as is_same
        from (select * from ({{ list_table_parts(relation) }}) as parts where part = 'column') as held
        full join (select * from ({{ list_table_parts(new_rows) }}) as parts where part = 'column') as wanted using (name, definition)
        order by name
    {%- endset %}
    {%- set columns = [] -%}
    {%- set changed = [] -%}
    {%- for row in run_query(query).rows -%}
        {%- do columns.append(api.Column(row['name'], row['definition'])) -%}
        {%- if not row['is_same'] -%}{%- do changed.append(row['name']) -%}{%- endif -%}
    {%- endfor -%}
    {%- if changed -%}
        {{- exceptions.raise_compiler_error('The columns ' ~ changed | unique | join(', ') ~ ' of ' ~ relation.identifier
            ~ ' have changed, which takes a new table. Run: dbt build --full-refresh --select ' ~ relation.identifier ~ '+ --target '
            ~ target.name) -}}
    {%- endif -%}
    {{- return(columns) -}}
{%- endmacro %}
