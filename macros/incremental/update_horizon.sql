{# On-run-start hook: run and build first update the newest load that they may see, also where the selection leaves
   stg_loads__horizon out. Other commands keep it, since marts of an older load must not be compared with newer rows, and
   warn. The query is the model's own. #}
{% macro update_horizon() -%}
    {% set horizon = ref('stg_loads__horizon') %}
    {% if execute and flags.WHICH in ['build', 'run', 'test', 'seed'] and load_relation(horizon) and not flags.EMPTY %}
        {% set newest_load %}
            (select newest.loaded_until from ({{ render(graph.nodes['model.' ~ project_name ~ '.stg_loads__horizon'].raw_code) }}) as newest)
        {% endset %}
        {% if flags.WHICH in ['build', 'run'] %}
            update {{ horizon }} set loaded_until = {{ newest_load }} where loaded_until is distinct from {{ newest_load }}
        {% elif run_query('select 1 from ' ~ horizon ~ ' where loaded_until < ' ~ newest_load) %}
            {% do exceptions.warn('A newer load than the marts have seen is there. Run dbt build first; ' ~ flags.WHICH ~ ' leaves it out.') %}
        {% endif %}
    {% endif %}
{%- endmacro %}
