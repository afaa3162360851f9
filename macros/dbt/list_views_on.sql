{# Query: a relation and all views that stand on it (or on these columns of it), directly or on one another. #}
{% macro list_views_on(relation, columns=none) -%}
    with recursive views (relid) as (
        select '{{ relation }}'::regclass::oid
        union
        select ev_class
        from views
        inner join pg_depend on refclassid = 'pg_class'::regclass and refobjid = views.relid and classid = 'pg_rewrite'::regclass
        inner join pg_rewrite on pg_rewrite.oid = objid
        {%- if columns %}
        left join pg_attribute on attrelid = refobjid and attnum = refobjsubid
        where refobjid <> '{{ relation }}'::regclass or attname in ('{{ columns | join("', '") }}')
        {%- endif %}
    )

    select relid from views
{%- endmacro %}
