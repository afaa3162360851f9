{# A query for the fingerprint of each of some tables: its own source, and what it stands on as the database has it now,
   the definitions of views (macros and vars are rendered there) down to what is remembered of tables (their fingerprints) and of
   seeds and reference tables (their rows). #}
{% macro query_fingerprints(nodes) -%}
    with recursive parts (relation, source, parent) as (
        values
        {%- for node in nodes %}
        {%- set source = digest_source(node) %}
        {%- for id in (node.depends_on.nodes | select('in', graph.nodes) | list) or [none] %}
        ('{{ node.schema }}.{{ node.alias }}', '{{ source }}', {{ "'" ~ graph.nodes[id].relation_name ~ "'" if id else 'null' }})
        {{- ',' if not loop.last }}
        {%- endfor %}
        {{- ',' if not loop.last }}
        {%- endfor %}
    ),
    below as (
        select relation, source, to_regclass(parent)::oid as parent from parts
        union
        select below.relation, below.source, dependencies.refobjid
        from below
        inner join pg_rewrite as rules on below.parent = rules.ev_class
        inner join pg_depend as dependencies
            on rules.oid = dependencies.objid and dependencies.classid = 'pg_rewrite'::regclass and dependencies.refclassid = 'pg_class'::regclass
    ),
    texts as materialized (
        select
            classes.oid,
            schemas.nspname || '.' || classes.relname
            || coalesce(case when classes.relkind = 'v' then pg_get_viewdef(classes.oid) else coalesce(definitions.rows_digest, definitions.fingerprint) end, '') as text
        from pg_class as classes
        inner join pg_namespace as schemas on classes.relnamespace = schemas.oid
        left join {{ definitions_table() }} as definitions on definitions.relation = schemas.nspname || '.' || classes.relname
        where classes.oid in (select below.parent from below)
    )
    select below.relation, md5(below.source || coalesce(string_agg(texts.text, ' ' order by texts.text), '')) as fingerprint
    from below
    left join texts on below.parent = texts.oid
    group by below.relation, below.source
{%- endmacro %}
