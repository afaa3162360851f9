{# Rows whose value is missing from another relation: relationships with an allowance that holds at any size of the
   data. NULL is no value. With unless_empty, a relation without any row is no failure. Rows are counted by value first, so that
   a value which is costly to make, as an owner's key is, is made once a row, and looked up once in all. #}
{% test unmatched_share(model, column_name, to, field, to_where='true', unless_empty=false, allowed_per_mille=0) %}
{{ config(fail_calc='coalesce(sum(failing_rows), 0)') }}
with tested as (
    select
        {{ column_name }} as tested_value,
        count(*) as rows_count
    from {{ model }}
    group by {{ column_name }}
),

known as (
    select distinct {{ field }} as known_value
    from {{ to }}
    where {{ to_where }}
),

final as (
    select
        sum(tested.rows_count) filter (where known.known_value is null) as failing_rows,
        sum(tested.rows_count) as tested_rows
    from tested
    left join known on tested.tested_value = known.known_value
    where tested.tested_value is not null
)

select * from final
where
    failing_rows * 1000 > tested_rows * {{ allowed_per_mille }}
    {%- if unless_empty %}
    and exists (select 1 from known)
    {%- endif %}
{% endtest %}
