{# The date in the var reporting_timezone of a time that HubSpot's history of properties tells as a text: ISO 8601 with an
   offset, or milliseconds since 1970; a date alone is that date. NULL where it is none of them, or one that cannot be. #}
{% macro property_date(column) -%}
    {%- set instant -%}
        case
            when {{ column }} ~ '^\d{11,13}$' then to_timestamp({{ column }}::numeric / 1000)
            when {{ column }} ~ '^\d{4}-\d{2}-\d{2}[ T].*(Z|[-+]\d{2}(:?\d{2})?)$' and pg_input_is_valid({{ column }}, 'timestamptz')
                then {{ column }}::timestamptz
        end
    {%- endset -%}
    case
        when {{ instant }} is null then {{ logged_date(column) }}
        when {{ is_plausible_date(instant) }} then ({{ cut_day(instant) }})::text
    end
{%- endmacro %}
