{# The members a deal counts for in reports by dimension, as a lateral subquery over a relation that has the columns of
   fct_deals. One list, so that every such report offers the same dimensions. No values list: PostgreSQL prepares the
   expressions of one anew for every row that it is joined to, which takes ten times as long. #}
{% macro pipeline_dimensions(relation) -%}
    (
        select 'all', 'All', 'All'
        union all
        select 'owner', {{ relation }}.owner_id, {{ relation }}.owner_name_masked
        {%- for dimension in ['industry', 'segment', 'region', 'deal_type', 'lead_source', 'amount_band'] %}
        union all
        select '{{ dimension }}', {{ relation }}.{{ dimension }}, {{ relation }}.{{ dimension }}
        {%- endfor %}
    )
{%- endmacro %}
