{# Which tables a model's keys point to, in a sentence: of the tests that prove it, as in docs/erd.md. A foreign key would go with
   every rebuild of the table that it points to. #}
{% macro describe_joins(model) -%}
    {%- set joins = [] -%}
    {%- for test in graph.nodes.values() if test.get('attached_node') == model.unique_id and test.test_metadata -%}
        {%- if test.test_metadata.name in ['relationships', 'unmatched_share'] -%}
            {%- set parents = modules.re.findall("ref\\('(\\w+)'\\)", test.test_metadata.kwargs.to) -%}
            {%- set columns = modules.re.findall('\\w+', test.test_metadata.kwargs.column_name) -%}
            {%- do joins.append(parents[0] ~ ' by ' ~ columns | join(' and ')) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(' Joins ' ~ joins | unique | sort | join('; ') ~ '.' if joins else '') }}
{%- endmacro %}
