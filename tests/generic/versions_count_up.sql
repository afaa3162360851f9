{# Of a raw table: a later version of a key needs the version before it, from an earlier load. Only rows with
   _version > 1 are looked at, so it costs little. #}
{% test versions_count_up(model, key_columns, nullable_key_columns=[]) %}
select later.*
from {{ model }} as later
where
    later._version <> 1
    and not exists (
        select 1
        from {{ model }} as earlier
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
