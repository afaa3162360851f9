{# Why an incremental run must replace every row of the mart, said in the log; none where it need not. #}
{% macro find_reason_to_rebuild() -%}
    {%- set query %}
        select case
            when definitions.fingerprint is distinct from current_setting('sales_funnel.fingerprint', true) then 'its definition has changed'
            when definitions.loaded_until > {{ loaded_until() }} then 'it holds loads after the newest one that it may see'
        end
        from (select) as this_run
        left join {{ definitions_table() }} as definitions on definitions.relation = '{{ this.schema }}.{{ this.identifier }}'
    {%- endset -%}
    {%- set reason = run_query(query).rows[0][0] -%}
    {%- if reason -%}
        {%- do log(this.identifier ~ ' is rebuilt in full: ' ~ reason, info=true) -%}
    {%- endif -%}
    {{- return(reason) -}}
{%- endmacro %}
