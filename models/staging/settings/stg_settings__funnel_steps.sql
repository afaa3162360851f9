{# A stage of Salesforce may stand there by its name alone, though its id names the record type as well. #}
{% set source_value -%}
    case
        when
            lower(btrim(crm_source)) = 'salesforce'
            and event_type = 'stage'
            and not starts_with(btrim(source_value), pipeline_id || ':')
            then {{ salesforce_stage_id('pipeline_id', 'btrim(source_value)') }}
        else nullif(btrim(source_value), '')
    end
{%- endset %}
{{ choose_settings(
    'funnel_steps',
    key_columns=['pipeline_id', 'event_type', 'source_value'],
    nullable_key_columns=['crm_source'],
    expressions={
        'crm_source': "coalesce(nullif(lower(btrim(crm_source)), ''), 'pipedrive')",
        'source_value': source_value,
    },
    with_origin=true,
) }}
