{# On-run-start hook: `--empty` writes no row into whatever it builds, so only schemas that hold no load may have it. #}
{% macro refuse_empty_build() -%}
    {% if execute and flags.EMPTY %}
        {% set horizon = adapter.get_relation(target.database, generate_schema_name('staging', none), 'stg_loads__horizon') %}
        {% if horizon and run_query("select 1 from " ~ horizon ~ " where loaded_until > '-infinity'") %}
            {% do exceptions.raise_compiler_error(
                "--empty would empty the relations of target " ~ target.name ~ ", whose schemas hold loaded data;"
                ~ " give it schemas of its own, as by another `schema` in profiles.yml"
            ) %}
        {% endif %}
    {% endif %}
{%- endmacro %}
