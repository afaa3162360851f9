{# The values of a setting that are in force: the rows of its file among the exports, as of the load horizon; where that
   never came, or came last with a header only, the seed. Only what a file holds is cleaned: the planner knows the values
   of a seed, but not those of an expression on it. #}
{% macro choose_settings(name, key_columns, columns, nullable_key_columns=[]) -%}
    {%- set names = columns.keys() | join(',\n        ') -%}
    with versions as (
        {{ newest_versions(source('settings', 'settings_' ~ name), key_columns, nullable_key_columns) }}
    ),

    given as (
        select
            {%- for column, expression in columns.items() %}
            {{ expression }} as {{ column }}{{ ',' if not loop.last }}
            {%- endfor %}
        from versions
        where not _is_deleted
    )

    select
        {{ names }}
    from given
    union all
    select
        {{ names }}
    from {{ ref(name) }}
    where not exists (select 1 from given)
{%- endmacro %}
