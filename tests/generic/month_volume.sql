{# A month between two others with far fewer or far more rows than their mean: an export that lost a month, or holds
   one several times. Small neighbours say nothing, so their mean must reach min_rows. The first and the last month
   have one neighbour only and are left to freshness. #}
{% test month_volume(model, column_name, min_share=0.25, max_share=4, min_rows=50) %}
with counted as (
    select
        date_trunc('month', {{ column_name }})::date as month,
        count(*) as rows_held
    from {{ model }}
    group by 1
),

calendar as (
    select generate_series(min(month), max(month), interval '1 month')::date as month
    from counted
),

filled as (
    select
        month,
        coalesce(rows_held, 0) as rows_held
    from calendar
    left join counted using (month)
),

compared as (
    select
        month,
        rows_held,
        (lag(rows_held) over (order by month) + lead(rows_held) over (order by month)) / 2.0 as neighbours_mean,
        1 as failing_rows,
        count(*) over () as tested_rows
    from filled
)

select * from compared
where
    neighbours_mean >= {{ min_rows }}
    and rows_held not between neighbours_mean * {{ min_share }} and neighbours_mean * {{ max_share }}
{% endtest %}
