{# The pipeline of a deal or stage whose CRM names none. #}
{% macro default_pipeline(crm_source) -%}
    case {{ crm_source }} when 'pipedrive' then '1' else 'default' end
{%- endmacro %}
