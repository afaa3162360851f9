{# A staging view holds exactly the newest raw version of each key, tombstones included: the same number of rows by
   load and deletion as a plain "distinct on" over raw, which shares no code with the macro newest_versions. #}
{% test keeps_newest_versions(model, raw_table, key_columns) %}
with newest as (
    select distinct on ({{ key_columns | join(', ') }})
        _loaded_at,
        _is_deleted
    from {{ raw_table }}
    where _loaded_at <= {{ loaded_until() }}
    order by {{ key_columns | join(', ') }}, _version desc
),

counted as (
    select
        _loaded_at,
        _is_deleted as is_deleted,
        count(*) as difference
    from newest
    group by _loaded_at, _is_deleted
    union all
    select
        _loaded_at,
        is_deleted,
        -count(*) as difference
    from {{ model }}
    group by _loaded_at, is_deleted
)

select
    _loaded_at,
    is_deleted,
    sum(difference) as rows_missing
from counted
group by _loaded_at, is_deleted
having sum(difference) <> 0
{% endtest %}
