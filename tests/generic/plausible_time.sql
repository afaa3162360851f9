{# Not before 1990 and, unless the time may be planned, not later than one day after the newest load: a CRM cannot
   export what has not happened. The day covers a load that read its times in another zone than the CRM wrote them in. #}
{% test plausible_time(model, column_name, may_be_planned=false) %}
{{ config(fail_calc='coalesce(sum(failing_rows), 0)') }}
with tested as (
    select * from {{ model }}
),

final as (
    select
        count(*) filter (
            where
            {{ column_name }} < '1990-01-01 00:00+00'
            {%- if not may_be_planned %}
            or {{ column_name }} > {{ loaded_until() }} + interval '1 day'
            {%- endif %}
            or {{ column_name }} = 'infinity'
        ) as failing_rows,
        count({{ column_name }}) as tested_rows
    from tested
)

select * from final
where failing_rows > 0
{% endtest %}
