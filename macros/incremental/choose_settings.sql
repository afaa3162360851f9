{# The values of a setting that are in force: the rows of its file among the exports, as of the load horizon; where that
   never came, or came last with a header only, the seed. Only what a file holds is cleaned (texts are trimmed, and read by an
   expression where one is given): the planner knows the values of a seed, but not those of an expression on it. The columns
   are the seed's, in dbt_project.yml. With with_origin, is_own says whether the file is in force, and file_position where in
   it a row stands. #}
{% macro choose_settings(name, key_columns, nullable_key_columns=[], expressions={}, with_origin=false) -%}
    {%- set types = graph.nodes['seed.' ~ project_name ~ '.' ~ name].config.column_types if execute else {} -%}
    {%- set names = types | join(',\n        ') -%}
    with versions as (
        {{ newest_versions(source('settings', 'settings_' ~ name), key_columns, nullable_key_columns) }}
    ),

    given as (
        select
            {%- for column, type in types.items() %}
            {{ expressions.get(column, "nullif(btrim(" ~ column ~ "), '')" if type == 'text' else column ~ '::' ~ type) }} as {{ column }}{{ ',' if not loop.last }}
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
