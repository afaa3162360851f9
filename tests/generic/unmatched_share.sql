{# Rows whose value is missing from another relation: relationships with an allowance that holds at any size of the
   data. NULL is no value. With unless_empty, a relation without any row is no failure. #}
{% test unmatched_share(model, column_name, to, field, to_where='true', unless_empty=false, allowed_per_mille=0) %}
{{ config(fail_calc='coalesce(sum(failing_rows), 0)') }}
with tested as (
    select {{ column_name }} as tested_value
    from {{ model }}
    where {{ column_name }} is not null
),

known as (
    select distinct {{ field }} as known_value
    from {{ to }}
    where {{ to_where }}
),

final as (
    select
        count(*) filter (where known.known_value is null) as failing_rows,
        count(*) as tested_rows
    from tested
    left join known on tested.tested_value = known.known_value
)

select * from final
where
    failing_rows * 1000 > tested_rows * {{ allowed_per_mille }}
    {%- if unless_empty %}
    and exists (select 1 from known)
    {%- endif %}
{% endtest %}
