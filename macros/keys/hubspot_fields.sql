{# The properties of HubSpot's deals whose history is read, and the field of the one log that each is. #}
{% macro hubspot_fields() -%}
    {{ return({
        'dealstage': 'stage',
        'pipeline': 'pipeline',
        'hubspot_owner_id': 'owner',
        'amount': 'amount',
        'deal_currency_code': 'currency',
        'closedate': 'close_date',
        'closed_lost_reason': 'lost_reason',
        'hs_deal_stage_probability': 'probability',
        'hs_manual_forecast_category': 'forecast_category',
    }) }}
{%- endmacro %}
