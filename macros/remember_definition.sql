{# Post-hook of every model and seed: what it was built from, in the transaction that built it. source is what the project
   said (digest_source); fingerprint is, of a table, what note_fingerprint saw, and of a seed its rows; loaded_until is
   the newest load that all the table's rows have seen, which a table below it that was left out holds back. #}
{% macro remember_definition() -%}
    {% if execute %}
    {%- set ancestors = find_ancestors(model) %}
    {%- set horizon = 'model.' ~ project_name ~ '.stg_loads__horizon' %}
    insert into {{ definitions_table() }} (relation, source, fingerprint, loaded_until)
    select
        '{{ model.schema }}.{{ model.alias }}',
        '{{ digest_source(graph.nodes[model.unique_id]) }}',
        {% if model.resource_type == 'seed' -%}
        (select md5(coalesce(string_agg(seed::text, ' ' order by seed::text), '')) from {{ this }} as seed),
        {%- else -%}
        {{ "current_setting('sales_funnel.fingerprint', true)" if is_table(model) else 'null' }},
        {%- endif %}
        {% if is_table(model) and horizon in ancestors -%}
        least(
            nullif(current_setting('sales_funnel.loaded_until', true), '')::timestamptz,
            (select horizon.loaded_until from {{ graph.nodes[horizon].relation_name }} as horizon),
            (
                select min(tables.loaded_until) from {{ definitions_table() }} as tables
                where tables.relation in ('' {%- for id in ancestors if is_table(graph.nodes[id]) %}, '{{ graph.nodes[id].schema }}.{{ graph.nodes[id].alias }}'{% endfor %})
            )
        )
        {%- else -%}
        null::timestamptz
        {%- endif %}
    on conflict (relation) do update
        set source = excluded.source, fingerprint = excluded.fingerprint, loaded_until = excluded.loaded_until
    {% endif %}
{%- endmacro %}
