{# Post-hook of every model and seed: what it was built from, in the transaction that built it. source is what the project
   said (digest_source); fingerprint, of a table, what note_fingerprint saw; loaded_until is
   the newest load that the run might see, and complete_until the newest that all rows have seen, which tables below that the
   run left out hold back. Of a seed or a reference table, rows_digest is its rows; rows_since is the load at which they were
   last found changed. Not of a clone, a view of another target's mart that the next build replaces: it is made where there may be no
   table of definitions yet. #}
{% macro remember_definition() -%}
    {% if execute and flags.WHICH != 'clone' %}
    {%- set ancestors = find_ancestors(model) %}
    {%- set horizon = graph.nodes['model.' ~ project_name ~ '.stg_loads__horizon'] %}
    insert into {{ definitions_table() }} (relation, source, fingerprint, loaded_until, complete_until, rows_digest, rows_since)
    with this_build as (
        select
            {{ "current_setting('sales_funnel.fingerprint', true)" if is_table(model) else 'null' }} as fingerprint,
            {% if model.resource_type == 'seed' or is_reference(model) -%}
            (select md5(coalesce(string_agg(lookup::text, ' ' order by lookup::text), '')) from {{ this }} as lookup) as rows_digest,
            {%- else -%}
            null as rows_digest,
            {%- endif %}
            {% if is_table(model) and horizon.unique_id in ancestors -%}
            coalesce(nullif(current_setting('sales_funnel.loaded_until', true), '')::timestamptz, (select horizon.loaded_until from {{ horizon.relation_name }} as horizon))
            {%- else -%}
            null::timestamptz
            {%- endif %} as loaded_until
    )
    select
        '{{ model.schema }}.{{ model.alias }}',
        '{{ digest_source(graph.nodes[model.unique_id]) }}',
        this_build.fingerprint,
        this_build.loaded_until,
        least(this_build.loaded_until, min(tables.complete_until)),
        this_build.rows_digest,
        {{ 'this_build.loaded_until' if is_reference(model) else 'null' }}
    from this_build
    left join {{ definitions_table() }} as tables
        on tables.relation in ('' {%- for id in ancestors if is_table(graph.nodes[id]) %}, '{{ graph.nodes[id].schema }}.{{ graph.nodes[id].alias }}'{% endfor %})
    group by this_build.fingerprint, this_build.rows_digest, this_build.loaded_until
    on conflict (relation) do update
        set (source, fingerprint, loaded_until, complete_until, rows_digest, rows_since) = (
            excluded.source, excluded.fingerprint, excluded.loaded_until, excluded.complete_until, excluded.rows_digest,
            case when excluded.rows_digest = definitions.rows_digest then definitions.rows_since else excluded.rows_since end
        )
    {% endif %}
{%- endmacro %}
