{# A value in HubSpot's history of properties as the one log holds it. What is not what its property holds counts as none. #}
{% macro hubspot_value(property, value) -%}
    case {{ property }}
        when 'hubspot_owner_id' then {{ user_key(value) }}
        when 'amount' then trim_scale({{ logged_number(value, 'numeric(20, 4)') }}::numeric)::text
        when 'hs_deal_stage_probability' then trim_scale({{ logged_number(value, 'numeric(9, 4)') }}::numeric * 100)::text
        when 'deal_currency_code' then {{ currency_code(value) }}
        when 'closedate' then {{ property_date(value) }}
        when 'closed_lost_reason' then {{ lost_reason_key(value) }}
        else {{ value }}
    end
{%- endmacro %}
