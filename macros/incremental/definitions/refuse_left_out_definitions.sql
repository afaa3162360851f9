{# On-run-start hook: a run is refused that would build a mart over a view or seed that the project has changed and the
   selection leaves out: no row would say which of two definitions it follows. #}
{% macro refuse_left_out_definitions() -%}
    {% if execute and flags.WHICH in ['build', 'run'] %}
        {% set remembered = run_query('select relation, source from ' ~ definitions_table()).rows | map('list') | list %}
        {% set remembered = dict(remembered) %}
        {% set checked, changed, marts = [], [], [] %}
        {% for id in selected_resources if id in graph.nodes and is_table(graph.nodes[id]) %}
            {% for ancestor in find_ancestors(graph.nodes[id], through_tables=false) if ancestor not in selected_resources + checked %}
                {% set node = graph.nodes[ancestor] %}
                {% set source = remembered.get(node.schema ~ '.' ~ node.alias) %}
                {% if source and not is_table(node) and source != digest_source(node) %}
                    {% do changed.append(node.name) or marts.append(graph.nodes[id].name) %}
                {% endif %}
                {% do checked.append(ancestor) %}
            {% endfor %}
        {% endfor %}
        {% if changed %}
            {{ exceptions.raise_compiler_error(changed | join(', ') ~ ' changed since the last run, and this selection leaves them out, so that '
                ~ marts | unique | join(', ') ~ ' would mix two definitions. Run: dbt build --select ' ~ marts | unique | map('replace', '', '+', 1) | join(' ')
                ~ ' --target ' ~ target.name) }}
        {% endif %}
    {% endif %}
{%- endmacro %}
