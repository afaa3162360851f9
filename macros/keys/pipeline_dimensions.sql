{# The members a deal counts for in reports by dimension, as a lateral values list over a relation that has the
   columns of fct_deals. One list, so that every such report offers the same dimensions. #}
{% macro pipeline_dimensions(relation) -%}
    (
        values
        ('all', 'All', 'All'),
        ('owner', {{ relation }}.owner_id, {{ relation }}.owner_name_masked),
        ('industry', {{ relation }}.industry, {{ relation }}.industry),
        ('segment', {{ relation }}.segment, {{ relation }}.segment),
        ('region', {{ relation }}.region, {{ relation }}.region),
        ('deal_type', {{ relation }}.deal_type, {{ relation }}.deal_type),
        ('lead_source', {{ relation }}.lead_source, {{ relation }}.lead_source),
        ('amount_band', {{ relation }}.amount_band, {{ relation }}.amount_band)
    )
{%- endmacro %}
