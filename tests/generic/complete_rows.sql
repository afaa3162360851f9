{# Keys are unique and whole, and columns filled, in one pass over the relation. A row per rule that is broken, with the
   number of rows that break it. #}
{% test complete_rows(model, key_columns=[], nullable_key_columns=[], required_columns=[]) %}
{{ config(fail_calc='coalesce(sum(failing_rows), 0)') }}
{%- set key = (key_columns + nullable_key_columns) | join(', ') %}
{%- set never_null = key_columns + required_columns %}
with by_key as (
    select
        count(*) as all_rows
        {%- for column in never_null %},
        count(*) - count({{ column }}) as without_{{ loop.index }}
        {%- endfor %}
    from (select * from {{ model }}) as tested
    {%- if key %}
    group by {{ key }}
    {%- endif %}
),

-- One row first: what breaks no rule, which is nearly all, is not unfolded by rule.
totals as (
    select
        sum(all_rows - {{ '1' if key else 'all_rows' }}) as repeated_rows
        {%- for column in never_null %},
        sum(without_{{ loop.index }}) as without_{{ loop.index }}
        {%- endfor %}
    from by_key
),

rules as (
    select
        '{{ key }}: on several rows' as rule,
        repeated_rows as failing_rows
    from totals
    {%- for column in never_null %}
    union all
    select
        '{{ column }} is NULL' as rule,
        without_{{ loop.index }} as failing_rows
    from totals
    {%- endfor %}
)

select
    rule,
    failing_rows
from rules
where failing_rows > 0
{% endtest %}
