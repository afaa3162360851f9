{# On-run-end hook: one row per node of the run in <target>_monitoring.dbt_run_results, of a warning with its plain words.
   No model, for it must outlive full refreshes and failed runs. Messages may quote data, so the reporter gets no grant. #}
{% macro record_run_results(results) -%}
    {%- set results = results | rejectattr('node.resource_type', 'equalto', 'operation') | list %}
    {% if execute and flags.WHICH in ['build', 'run', 'test', 'seed', 'source-freshness', 'freshness'] and results %}
    {%- set table = generate_schema_name('monitoring', none) ~ '.dbt_run_results' %}
    create schema if not exists {{ generate_schema_name('monitoring', none) }};
    create table if not exists {{ table }} (
        invocation_id text not null,
        command text not null,
        node text not null,
        status text not null,
        rows_affected bigint,
        seconds numeric(12, 3) not null,
        started_at timestamptz,
        message text,
        run_started_at timestamptz not null,
        primary key (invocation_id, node)
    );
    insert into {{ table }} (invocation_id, command, node, status, rows_affected, seconds, started_at, message, run_started_at) values
        {%- for result in results %}
        {%- set is_warning = result.status | string == 'warn' and 'failing_rows' in (result.node.compiled_code or '') %}
        {%- set message = describe_warning(result) if is_warning else result.message %}
        {%- do log(result.node.name ~ ': ' ~ message, info=true) if is_warning %}
        {%- set started = result.timing | selectattr('name', 'equalto', 'execute') | map(attribute='started_at') | first %}
        (
            '{{ invocation_id }}',
            '{{ flags.WHICH }}',
            '{{ result.node.unique_id }}',
            '{{ result.status }}',
            {{ result.failures if result.failures is not none else (result.adapter_response.get('rows_affected') if result.adapter_response.get('rows_affected', -1) >= 0 else 'null') }},
            {{ result.execution_time | round(3) }},
            {{ "'" ~ started.isoformat() ~ "Z'" if started else 'null' }},
            {{ "'" ~ (message | string)[:1000] | replace("'", "''") ~ "'" if message else 'null' }},
            '{{ run_started_at.isoformat() }}'
        ){{ ',' if not loop.last }}
        {%- endfor %}
    on conflict do nothing
    {% endif %}
{%- endmacro %}
