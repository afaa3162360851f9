{# Values that occur on more than one row: uniqueness with an allowance for facts that are almost unique. NULL is no
   value. #}
{% test repeated_share(model, column_name, allowed_per_mille=0) %}
{{ config(fail_calc='coalesce(sum(failing_rows), 0)') }}
with counted as (
    select
        {{ column_name }},
        count(*) as rows_held
    from {{ model }}
    where {{ column_name }} is not null
    group by {{ column_name }}
),

final as (
    select
        count(*) filter (where rows_held > 1) as failing_rows,
        count(*) as tested_rows
    from counted
)

select * from final
where failing_rows * 1000 > tested_rows * {{ allowed_per_mille }}
{% endtest %}
