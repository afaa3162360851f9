{# Keys are unique and whole, and columns filled or of accepted values, in one pass over the relation. A row per rule that is broken,
   with the number of rows that break it. Sorting a hash takes less than sorting a long key; only where two rows have one hash are
   the keys themselves compared, in a second pass. #}
{% test complete_rows(model, key_columns=[], nullable_key_columns=[], required_columns=[], accepted_values={}, raw_table=none, raw_key_columns=[], raw_is_deleted='_is_deleted') %}
{{ config(fail_calc='coalesce(sum(failing_rows), 0)') }}
{%- set key, rules = (key_columns + nullable_key_columns) | join(', '), {} %}
{%- for column in key_columns + required_columns -%}
    {%- do rules.update({column ~ ' is NULL': 'count(*) - count(' ~ column ~ ')'}) -%}
{%- endfor -%}
{%- for column, values in accepted_values.items() -%}
    {%- do rules.update({column ~ ' is of no accepted value': 'count(*) filter (where ' ~ column ~ " not in ('" ~ values | join("', '") ~ "'))"}) -%}
{%- endfor %}
with counted as (
    select
        array[{{ rules.values() | join(', ') }}] as failing_rows,
        {{ 'count(*) > count(distinct hash_record_extended(row(' ~ key ~ '), 0))' if key else 'false' }} as has_equal_hashes
    from (select * from {{ model }}) as tested
),

broken as (
    select
        unnest(array['{{ rules | join("', '") }}']) as rule,
        unnest(failing_rows) as failing_rows
    from counted
    {%- if key %}
    union all
    select
        '{{ key }}: on several rows' as rule,
        count(*) - count(distinct row({{ key }})) as failing_rows
    from (select * from {{ model }}) as tested
    where (select has_equal_hashes from counted)
    {%- endif %}
    {%- if raw_table %}
    union all
    {{ differences_to_raw(model, raw_table, raw_key_columns, raw_is_deleted) }}
    {%- endif %}
)

select * from broken
where failing_rows > 0
{% endtest %}
