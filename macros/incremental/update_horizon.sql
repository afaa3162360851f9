{# On-run-start hook: run and build first update the newest load that they may see, also where the selection leaves
   stg_loads__horizon out. Other commands keep it, since marts of an older load must not be compared with newer rows, and
   warn; so do tests of tables that a run of a part has left behind. The query is the model's own. #}
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
        {% elif flags.WHICH == 'test' %}
            {% set tested = [] %}
            {% for id in selected_resources if id in graph.nodes %}
                {% for parent in graph.nodes[id].depends_on.nodes if parent in graph.nodes %}
                    {% do tested.append(graph.nodes[parent].schema ~ '.' ~ graph.nodes[parent].alias) %}
                {% endfor %}
            {% endfor %}
            {% set behind %}
                select definitions.relation
                from {{ definitions_table() }} as definitions
                inner join {{ horizon }} as horizon on definitions.complete_until < horizon.loaded_until
                where definitions.relation = any('{{ '{' ~ tested | unique | join(',') ~ '}' }}') and to_regclass(definitions.relation) is not null
            {% endset %}
            {% if run_query(behind) %}
                {% do exceptions.warn('Some tables to test have not seen the newest load, since a run left them out, so tests that compare them may fail. Run dbt build first.') %}
            {% endif %}
        {% endif %}
    {% endif %}
{%- endmacro %}
