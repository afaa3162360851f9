{# Keys are unique and whole, and columns filled or of accepted values, in one pass over the relation. A row per rule that is broken,
   with the number of rows that break it. Added up before it is unfolded by rule: nearly all keys break none.

   Of a staging view also that it holds exactly the newest raw version of each key, tombstones included: the same number of rows by
   load and deletion as a plain "distinct on" over raw, which shares no code with the macro newest_versions. #}
{% test complete_rows(model, key_columns=[], nullable_key_columns=[], required_columns=[], accepted_values={}, raw_table=none, raw_key_columns=[]) %}
{{ config(fail_calc='coalesce(sum(failing_rows), 0)') }}
{%- set key = (key_columns + nullable_key_columns) | join(', ') %}
{%- set never_null = key_columns + required_columns %}
with by_key as (
    select
        count(*) as all_rows
        {%- for column in never_null %},
        count(*) - count({{ column }}) as without_{{ loop.index }}
        {%- endfor %}
        {%- for column, values in accepted_values.items() %},
        count(*) filter (where {{ column }} not in ('{{ values | join("', '") }}')) as unknown_{{ loop.index }}
        {%- endfor %}
    from (select * from {{ model }}) as tested
    {%- if key %}
    group by {{ key }}
    {%- endif %}
),
{%- if raw_table %}

newest as (
    select distinct on ({{ raw_key_columns | join(', ') }})
        _loaded_at,
        _is_deleted
    from {{ raw_table }}
    where _loaded_at <= {{ loaded_until() }}
    order by {{ raw_key_columns | join(', ') }}, _version desc
),

compared as (
    select abs(sum(side)) as difference
    from (
        select
            _loaded_at,
            _is_deleted as is_deleted,
            1 as side
        from newest
        union all
        select
            _loaded_at,
            is_deleted,
            -1 as side
        from (select * from {{ model }}) as tested
    ) as sides
    group by _loaded_at, is_deleted
),
{%- endif %}

rules as (
    select
        unnest(array[
            '{{ key }}: on several rows'
            {%- for column in never_null %}, '{{ column }} is NULL'{% endfor %}
            {%- for column in accepted_values %}, '{{ column }} is of no accepted value'{% endfor %}
        ]) as rule,
        unnest(array[
            sum(all_rows - {{ '1' if key else 'all_rows' }})
            {%- for column in never_null %}, sum(without_{{ loop.index }}){% endfor %}
            {%- for column in accepted_values %}, sum(unknown_{{ loop.index }}){% endfor %}
        ]) as failing_rows
    from by_key
    {%- if raw_table %}
    union all
    select
        'not the newest versions of raw' as rule,
        sum(difference) as failing_rows
    from compared
    {%- endif %}
)

select
    rule,
    failing_rows
from rules
where failing_rows > 0
{% endtest %}
