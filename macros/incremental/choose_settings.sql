{# The values of a setting that are in force: the rows of its file among the exports, as of the load horizon; where that
   never came, or came last with a header only, the seed. Only what a file holds is cleaned: the planner knows the values
   of a seed, but not those of an expression on it. With with_origin, is_own says whether the file
   is in force, and file_position where in it a row stands. #}
{% macro choose_settings(name, key_columns, columns, nullable_key_columns=[], with_origin=false) -%}
    {%- set names = columns.keys() | join(',\n        ') -%}
    with versions as (
        {{ newest_versions(source('settings', 'settings_' ~ name), key_columns, nullable_key_columns) }}
    ),

    given as (
        select
            {%- for column, expression in columns.items() %}
            {{ expression }} as {{ column }}{{ ',' if not loop.last }}
            {%- endfor %}
            {%- if with_origin %},
            _row_number as file_position
            {%- endif %}
        from versions
        where not _is_deleted
    )

    select
        {{ names }}{% if with_origin %},
        true as is_own,
        file_position{% endif %}
    from given
    union all
    select
        {{ names }}{% if with_origin %},
        false as is_own,
        null as file_position{% endif %}
    from {{ ref(name) }}
    where not exists (select 1 from given)
{%- endmacro %}
