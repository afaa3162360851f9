{# Keys are unique and whole, and columns filled, in one pass over the relation. A row per rule that is broken, with the
   number of rows that break it. Added up before it is unfolded by rule: nearly all keys break none. #}
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

rules as (
    select
        unnest(array[
            '{{ key }}: on several rows'
            {%- for column in never_null %}, '{{ column }} is NULL'{% endfor %}
        ]) as rule,
        unnest(array[
            sum(all_rows - {{ '1' if key else 'all_rows' }})
            {%- for column in never_null %}, sum(without_{{ loop.index }}){% endfor %}
        ]) as failing_rows
    from by_key
)

select
    rule,
    failing_rows
from rules
where failing_rows > 0
{% endtest %}
