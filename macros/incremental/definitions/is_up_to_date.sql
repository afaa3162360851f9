{# Whether a mart stands as this run would build it: complete to the load horizon, in today's definition. A report that counts a
   fact asks, because a narrow selection may leave the fact behind. #}
{% macro is_up_to_date(model_name) -%}
    {%- set horizon = loaded_until() -%}
    {%- if not execute -%}
        {{- return(false) -}}
    {%- endif -%}
    {%- set node = graph.nodes['model.' ~ project_name ~ '.' ~ model_name] -%}
    {%- set query %}
        select definitions.complete_until = {{ horizon }} and definitions.fingerprint = fingerprints.fingerprint
        from {{ definitions_table() }} as definitions
        inner join ({{ query_fingerprints([node]) }}) as fingerprints on definitions.relation = fingerprints.relation
    {%- endset -%}
    {%- set rows = run_query(query).rows -%}
    {{- return(rows | length == 1 and rows[0][0] is true) -}}
{%- endmacro %}
