{# On-run-end hook: one line that names the marts which the run left in an older definition, whole as they were: what they
   stand on, or what they would be built from, is no longer what they remember. Another names those that were built beside
   tables below them that have not seen the newest load; a third what no model makes any more, as in a domain that is
   switched off. #}
{% macro name_old_marts() -%}
    {# With --defer, what a mart stands on lies in another environment. #}
    {% if execute and flags.WHICH in ['build', 'run', 'seed'] and not flags.DEFER %}
        {% set nodes = graph.nodes.values() | selectattr('resource_type', 'in', ['model', 'seed']) | list %}
        {% set tables = [] %}
        {% for node in nodes if is_table(node) %}{% do tables.append(node) %}{% endfor %}
        {% set remembered, current = {}, {} %}
        {% for row in run_query('select relation, source, fingerprint from ' ~ definitions_table() ~ ' where to_regclass(relation) is not null').rows %}
            {% do remembered.update({row[0]: row}) %}
        {% endfor %}
        {% for row in run_query(query_fingerprints(tables)).rows %}{% do current.update({row[0]: row[1]}) %}{% endfor %}
        {% set old, made = [], [] %}
        {% for node in nodes %}
            {% set relation = node.schema ~ '.' ~ node.alias %}
            {% do made.append(relation) %}
            {% set memory = remembered.get(relation) %}
            {% if not memory or (memory[2] != current[relation] if relation in current else memory[1] != digest_source(node)) %}
                {% do old.append(node.unique_id) %}
            {% endif %}
        {% endfor %}
        {% set named = [] %}
        {% for node in tables if node.schema ~ '.' ~ node.alias in remembered %}
            {% if node.unique_id in old or find_ancestors(node) | select('in', old) | list %}{% do named.append(node.name) %}{% endif %}
        {% endfor %}
        {% set behind = [] %}
        {% for row in run_query('select relation from ' ~ definitions_table() ~ ' where complete_until < loaded_until order by relation').rows if row[0] in made %}
            {% do behind.append(row[0]) %}
        {% endfor %}
        {% if behind %}
            {% do log('Tables that these marts stand on have not seen the newest load, since a run left them out; dbt build brings all up to date: ' ~ behind | join(', '), info=true) %}
        {% endif %}
        {% set left_over = remembered | reject('in', made) | sort | join(', ') %}
        {% if left_over %}
            {% do log('No model makes these now, so they stay as they were; scripts/server/upgrade.py --drop removes them: ' ~ left_over, info=true) %}
        {% endif %}
        {% if named %}
            {% do log('These marts still stand in an older definition, since this run left them out; dbt build brings them up to date: ' ~ named | sort | join(', '), info=true) %}
        {% endif %}
    {% endif %}
{%- endmacro %}
