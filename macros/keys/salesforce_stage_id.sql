{# Salesforce's sales processes share one list of stages; above staging a stage belongs to one pipeline, so its id names both. #}
{% macro salesforce_stage_id(pipeline_id, stage_name) -%}
    case {{ pipeline_id }} when 'default' then {{ stage_name }} else {{ pipeline_id }} || ':' || {{ stage_name }} end
{%- endmacro %}
