{# Every month between the first and the last one held, times every member, is there exactly once. Without members
   it is the months alone. #}
{% test dense_grid(model, period_column, member_column=none, members=none, members_where='true') %}
with held as (
    select * from {{ model }}
),

months as (
    select generate_series(min({{ period_column }}), max({{ period_column }}), interval '1 month')::date as month
    from held
),

expected as (
    select
        months.month,
        {{ 'members.' ~ member_column if members else "'all'" }} as member
    from months
    {% if members -%}
    cross join (select distinct {{ member_column }} from {{ members }} where {{ members_where }}) as members
    {%- endif %}
),

counted as (
    select
        {{ period_column }} as month,
        {{ member_column if members else "'all'" }} as member,
        count(*) as rows_held
    from held
    group by 1, 2
)

select
    month,
    member,
    coalesce(counted.rows_held, 0) as rows_held
from expected
full outer join counted using (month, member)
where
    counted.rows_held is distinct from 1
    or expected.month is null
{% endtest %}
