{# Of a raw table whose rows may pass from one deal to another: of each id with several versions, the last one and its load.
   A staging view that holds the newest version per id and deal tells by it what has left a deal: the deal must hear of that,
   and only a row under its own key reaches it. #}
{% macro latest_versions(relation) -%}
    select
        id,
        max(_version) as last_version,
        max(_loaded_at) as _loaded_at
    from (select * from {{ relation }}) as versions
    where
        _version > 1
        and (_loaded_at > {{ loaded_until() }}) is not true
    group by id
{%- endmacro %}
