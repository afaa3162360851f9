{# Pre-hook: what the table is about to be built from, kept until remember_definition. Noted before the rows are read: if
   another run replaces a view meanwhile, the next run finds a difference and builds again. #}
{% macro note_fingerprint() -%}
    {% if execute and is_table(model) and flags.WHICH != 'clone' %}
    select set_config('sales_funnel.fingerprint', (select fingerprints.fingerprint from ({{ query_fingerprints([graph.nodes[model.unique_id]]) }}) as fingerprints), true)
    {% endif %}
{%- endmacro %}
