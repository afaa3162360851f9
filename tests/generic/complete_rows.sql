{# Keys are unique and whole, and columns filled, in one pass over the relation. A row per rule that is broken, with the
   number of rows that break it. #}
{% test complete_rows(model, key_columns=[], nullable_key_columns=[], required_columns=[]) %}
{{ config(fail_calc='coalesce(sum(failing_rows), 0)') }}
{%- set key = key_columns + nullable_key_columns %}
{%- set required = required_columns | reject('in', key) | list %}
with tested as (
    select * from {{ model }}
),

by_key as (
    select
        {%- for column in key %}
        {{ column }},
        {%- endfor %}
        count(*) - 1 as repeated_rows
        {%- for column in required %},
        count(*) - count({{ column }}) as without_{{ loop.index }}
        {%- endfor %}
    from tested
    {%- if key %}
    group by {{ key | join(', ') }}
    {%- endif %}
),

rules as (
    select
        broken.rule,
        broken.failing_rows
    from by_key
    cross join lateral (
        values
            {%- if key %}
            ('{{ key | join(', ') }}: on several rows', repeated_rows)
            {%- for column in key_columns %},
            ('{{ column }} is NULL', case when {{ column }} is null then repeated_rows + 1 end)
            {%- endfor %}
            {%- if required %},{% endif %}
            {%- endif %}
            {%- for column in required %}
            ('{{ column }} is NULL', without_{{ loop.index }}){{ ',' if not loop.last }}
            {%- endfor %}
    ) as broken (rule, failing_rows)
    where broken.failing_rows > 0
)

select
    rule,
    sum(failing_rows) as failing_rows
from rules
group by rule
{% endtest %}
