{# dbt's macro that compares the columns of an incremental model with its table's, for on_schema_change: fail, so that the
   refusal is one line and names the command. The table stays as it was. #}
{% macro process_schema_changes(on_schema_change, source_relation, target_relation) -%}
    {%- set changes = check_for_schema_changes(source_relation, target_relation) -%}
    {%- if changes['schema_changed'] -%}
        {%- set columns = (changes['source_not_in_target'] + changes['target_not_in_source']) | map(attribute='name') | list
            + changes['new_target_types'] | map(attribute='column_name') | list -%}
        {{- exceptions.raise_compiler_error('The columns ' ~ columns | unique | join(', ') ~ ' of ' ~ target_relation.identifier
            ~ ' have changed, which takes a new table. Run: dbt build --full-refresh --select ' ~ target_relation.identifier ~ '+') -}}
    {%- endif -%}
    {{- return(changes['source_columns']) -}}
{%- endmacro %}
