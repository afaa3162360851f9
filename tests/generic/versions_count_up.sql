{# Of a raw table: a later version of a key needs the version before it, from an earlier load. Only rows with
   _version > 1 are looked up, so it costs little. #}
{% test versions_count_up(model, key_columns, nullable_key_columns=[]) %}
with later as (
    select * from {{ model }}
    where _version <> 1
),

earlier as (
    select * from {{ model }}
)

select later.*
from later
where
    not exists (
        select 1
        from earlier
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
{% endtest %}
