{# "Now" is the session's clock read as UTC and shown in the zone of var `dbt_date:time_zone`; values in the future
   are left out, and a table without other values counts as data of 1970. #}
{% test expect_row_values_to_have_recent_data(model, column_name, datepart, interval, row_condition=none) %}
{%- set now -%}
    (cast(now() as timestamp) at time zone 'UTC' at time zone '{{ var("dbt_date:time_zone") }}')
{%- endset %}

with newest as (

    select max(cast({{ column_name }} as timestamp)) as newest_value
    from {{ model }}
    where
        cast({{ column_name }} as timestamp) <= {{ now }}
        {% if row_condition %}and ({{ row_condition }}){% endif %}

)

select *
from newest
where coalesce(newest_value, timestamp '1970-01-01') < {{ now }} - interval '{{ interval }} {{ datepart }}'

{% endtest %}
