{# How many rows per mille (rounded up, so that one row is never 0) break an expression; NULL breaks it too.
   Thresholds of known-dirty facts hold at any size of the data; without thresholds any row fails. #}
{% test failing_share(model, expression) %}
{{ config(fail_calc='coalesce(max(failing_per_mille), 0)') }}
with tested as (
    select * from {{ model }}
),

final as (
    select
        count(*) filter (where ({{ expression }}) is not true) as failing_rows,
        count(*) as tested_rows,
        ceil(1000.0 * count(*) filter (where ({{ expression }}) is not true) / nullif(count(*), 0))::integer as failing_per_mille
    from tested
)

select * from final
where failing_rows > 0
{% endtest %}
