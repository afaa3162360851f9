{# Rows loaded after this count as changed: the mart's watermark (the newest _loaded_at that it holds, but not after the load
   that the tables below it were complete to, which a narrow selection may have left behind), or all rows when one of
   reference_relations, on which every row of the mart may depend, has a row that the mart has not seen. #}
{% macro changed_since(reference_relations) -%}
    {%- set complete_until %}
        (select definitions.complete_until from {{ definitions_table() }} as definitions where definitions.relation = '{{ this.schema }}.{{ this.identifier }}')
    {%- endset -%}
    (
        select case
            {%- for reference_relation in reference_relations %}
            when exists (select 1 from {{ reference_relation }} where _loaded_at > coalesce({{ complete_until }}, '-infinity')) then '-infinity'
            {%- endfor %}
            when true then (select least(coalesce(max(mart._loaded_at), '-infinity'), {{ complete_until }}) from {{ this }} as mart)
        end
    )
{%- endmacro %}
