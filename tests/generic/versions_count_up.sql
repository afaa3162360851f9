{# Of a raw table: the versions of a key count up by one. None is there twice, and a later one needs the version before
   it, from an earlier load. Only rows with _version > 1 are looked up, so that costs little. #}
{% test versions_count_up(model, key_columns, nullable_key_columns=[]) %}
with tested as (
    select * from {{ model }}
),

repeated as (
    select
        {{ (key_columns + nullable_key_columns) | join(', ') }},
        _version
    from tested
    group by {{ (key_columns + nullable_key_columns) | join(', ') }}, _version
    having count(*) > 1
),

without_the_one_before as (
    select
        {% for column in key_columns + nullable_key_columns -%}
        later.{{ column }},
        {% endfor -%}
        later._version
    from tested as later
    where
        later._version <> 1
        and not exists (
            select 1
            from tested as earlier
            where
                earlier._version = later._version - 1
                and earlier._loaded_at < later._loaded_at
                {%- for column in key_columns %}
                and earlier.{{ column }} = later.{{ column }}
                {%- endfor %}
                {%- for column in nullable_key_columns %}
                and earlier.{{ column }} is not distinct from later.{{ column }}
                {%- endfor %}
        )
)

select
    'is there twice' as fault,
    repeated.*
from repeated
union all
select
    'lacks the version before it, from an earlier load' as fault,
    without_the_one_before.*
from without_the_one_before
{% endtest %}
