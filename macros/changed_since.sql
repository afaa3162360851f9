{# Rows loaded after this count as changed: the mart's watermark, or all rows when one of reference_relations, on which
   every row of the mart may depend, has a newer one. One scalar, not "or exists" beside the comparison, which would keep
   the planner from the index. #}
{% macro changed_since(watermark, reference_relations) -%}
    (
        select case
            {%- for reference_relation in reference_relations %}
            when exists (select 1 from {{ reference_relation }} where _loaded_at > {{ watermark }}) then '-infinity'
            {%- endfor %}
            when true then {{ watermark }}
        end
    )
{%- endmacro %}
