-- As rep_implausible_dates counts them, over all columns.
{{ config(severity='warn', fail_calc='coalesce(sum(failing_rows), 0)') }}
with counted as (
    select
        sum(implausible_date_count) as failing_rows,
        sum(dates_count) as tested_rows
    from {{ ref('rep_implausible_dates') }}
)

select * from counted
where failing_rows > 0
