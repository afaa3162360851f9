{# Rows loaded after this count as changed: the mart's watermark (the newest _loaded_at that it holds, but not after the load
   that the tables below it were complete to, which a narrow selection may have left behind), or all rows where something that
   every row may depend on has changed since: a staging model without a deal_key has a newer row, or a reference table got
   other rows. #}
{% macro changed_since(references) -%}
    {%- set lookups = [] -%}
    {%- for id in find_ancestors(model) if is_reference(graph.nodes[id]) -%}
        {%- do lookups.append("'" ~ graph.nodes[id].schema ~ '.' ~ graph.nodes[id].alias ~ "'") -%}
    {%- endfor -%}
    (
        select case
            {%- for reference in references %}
            when exists (select 1 from {{ reference }} where _loaded_at > coalesce(seen.complete_until, '-infinity')) then '-infinity'
            {%- endfor %}
            {%- if lookups %}
            when exists (
                select 1 from {{ definitions_table() }} as lookups
                where lookups.relation in ({{ lookups | sort | join(', ') }}) and lookups.rows_since > coalesce(seen.complete_until, '-infinity')
            ) then '-infinity'
            {%- endif %}
            when true then (select least(coalesce(max(mart._loaded_at), '-infinity'), seen.complete_until) from {{ this }} as mart)
        end
        from (select) as this_mart
        left join {{ definitions_table() }} as seen on seen.relation = '{{ this.schema }}.{{ this.identifier }}'
    )
{%- endmacro %}
