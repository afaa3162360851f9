{# The members a deal counts for in reports by dimension, as a lateral function over a relation that has the columns of
   fct_deals. One list, so that every such report offers the same dimensions. #}
{% macro pipeline_dimensions(relation) -%}
    {%- set rows = [("'all'", "'All'", "'All'"), ("'owner'", relation ~ '.owner_id', relation ~ '.owner_name_masked')] -%}
    {%- for dimension in ['industry', 'segment', 'region', 'deal_type', 'lead_source', 'amount_band'] -%}
        {%- do rows.append(("'" ~ dimension ~ "'", relation ~ '.' ~ dimension, relation ~ '.' ~ dimension)) -%}
    {%- endfor -%}
    {{ unfold(rows) }}
{%- endmacro %}
