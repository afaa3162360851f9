{# Rows that break an expression; NULL breaks it too. Fails when they are more than allowed_per_mille of all rows, so that
   what is allowed holds at any size of the data. #}
{% test failing_share(model, expression, allowed_per_mille=0) %}
{{ config(fail_calc='coalesce(sum(failing_rows), 0)') }}
with tested as (
    select * from {{ model }}
),

final as (
    select
        count(*) filter (where ({{ expression }}) is not true) as failing_rows,
        count(*) as tested_rows
    from tested
)

select * from final
where failing_rows * 1000 > tested_rows * {{ allowed_per_mille }}
{% endtest %}
