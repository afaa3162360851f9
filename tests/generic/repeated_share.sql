{# How many values per mille (rounded up) occur on more than one row: uniqueness with a threshold for facts that are
   almost unique. NULL is no value. #}
{% test repeated_share(model, column_name) %}
{{ config(fail_calc='coalesce(max(repeated_per_mille), 0)') }}
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
        count(*) filter (where rows_held > 1) as repeated_values,
        count(*) as tested_values,
        ceil(1000.0 * count(*) filter (where rows_held > 1) / nullif(count(*), 0))::integer as repeated_per_mille
    from counted
)

select * from final
where repeated_values > 0
{% endtest %}
