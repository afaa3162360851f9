{# On-run-start hook: leaves the nodes that the run has selected in its own SQL, which dbt keeps in run_results.json also
   when the run is interrupted. scripts/checks/summarize_run.py compares them with those that have a result. #}
{% macro record_selection() -%}
    {% if execute and selected_resources %}
    select 'selected' /* {{ selected_resources | sort | join(' ') }} */
    {% endif %}
{%- endmacro %}
