{# On-run-start hook: the table of definitions, where there is none. Two runs may start at once. #}
{% macro create_definitions() -%}
    {% if execute and flags.WHICH in ['build', 'run', 'seed'] %}
    do $block$
    begin
        create schema if not exists {{ generate_schema_name('monitoring', none) }};
        create table if not exists {{ definitions_table() }} (
            relation text primary key,
            source text not null,
            fingerprint text,
            loaded_until timestamptz,
            complete_until timestamptz,
            rows_digest text,
            rows_since timestamptz
        );
        alter table {{ definitions_table() }} add column if not exists rows_digest text, add column if not exists rows_since timestamptz;
    exception when unique_violation or duplicate_table then null;
    end
    $block$
    {% endif %}
{%- endmacro %}
