{# Rows loaded after this count as changed: the mart's watermark (the newest _loaded_at that it holds), or all rows when one
   of reference_relations, on which every row of the mart may depend, has a row that the mart has not seen. Of those the
   mart holds no _loaded_at, so that its remembered loaded_until answers. #}
{% macro changed_since(reference_relations) -%}
    (
        select case
            {%- for reference_relation in reference_relations %}
            when exists (
                select 1 from {{ reference_relation }}
                where _loaded_at > coalesce(
                    (select definitions.loaded_until from {{ definitions_table() }} as definitions where definitions.relation = '{{ this.schema }}.{{ this.identifier }}'),
                    '-infinity'
                )
            ) then '-infinity'
            {%- endfor %}
            else (select coalesce(max(mart._loaded_at), '-infinity') from {{ this }} as mart)
        end
    )
{%- endmacro %}
