{# What reaches a step, as a steps file names it. A stage of Salesforce may stand there by its name alone, though its id names the
   record type as well. #}
{% macro funnel_step_source() -%}
    case
        when
            lower(btrim(crm_source)) = 'salesforce'
            and event_type = 'stage'
            and not starts_with(btrim(source_value), pipeline_id || ':')
            then {{ salesforce_stage_id('pipeline_id', 'btrim(source_value)') }}
        else nullif(btrim(source_value), '')
    end
{%- endmacro %}
