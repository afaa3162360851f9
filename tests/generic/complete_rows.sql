{# Keys are unique and whole, and columns filled or of accepted values, in one pass over the relation. A row per rule that is broken,
   with the number of rows that break it. Added up before it is unfolded by rule: nearly all keys break none. #}
{% test complete_rows(model, key_columns=[], nullable_key_columns=[], required_columns=[], accepted_values={}, raw_table=none, raw_key_columns=[], raw_is_deleted='_is_deleted') %}
{{ config(fail_calc='coalesce(sum(failing_rows), 0)') }}
{%- set key, rules = (key_columns + nullable_key_columns) | join(', '), {} %}
{%- if key -%}
    {%- do rules.update({key ~ ': on several rows': 'count(*) - 1'}) -%}
{%- endif -%}
{%- for column in key_columns + required_columns -%}
    {%- do rules.update({column ~ ' is NULL': 'count(*) - count(' ~ column ~ ')'}) -%}
{%- endfor -%}
{%- for column, values in accepted_values.items() -%}
    {%- do rules.update({column ~ ' is of no accepted value': 'count(*) filter (where ' ~ column ~ " not in ('" ~ values | join("', '") ~ "'))"}) -%}
{%- endfor %}
with by_key as (
    select
        {%- for failing_rows in rules.values() %}
        {{ failing_rows }} as rule_{{ loop.index }}{{ ',' if not loop.last }}
        {%- endfor %}
    from (select * from {{ model }}) as tested
    {{ 'group by ' ~ key if key }}
),

broken as (
    select
        unnest(array['{{ rules | join("', '") }}']) as rule,
        unnest(array[{% for rule in rules %}sum(rule_{{ loop.index }}){{ ', ' if not loop.last }}{% endfor %}]) as failing_rows
    from by_key
    {%- if raw_table %}
    union all
    {{ differences_to_raw(model, raw_table, raw_key_columns, raw_is_deleted) }}
    {%- endif %}
)

select
    rule,
    failing_rows
from broken
where failing_rows > 0
{% endtest %}
