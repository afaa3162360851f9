{# Which tables a model's keys point to, in a sentence: of the tests that prove it, as in docs/erd.md. A foreign key would go with
   every rebuild of the table that it points to. The graph is searched once in a run, and keeps what was found. #}
{% macro describe_joins(model) -%}
    {%- if 'joins' not in graph -%}
        {%- set found = {} -%}
        {%- for test in graph.nodes.values() if test.resource_type == 'test' and test.test_metadata -%}
            {%- if test.test_metadata.name in ['relationships', 'unmatched_share'] -%}
                {%- set parents = modules.re.findall("ref\\('(\\w+)'\\)", test.test_metadata.kwargs.to) -%}
                {%- set columns = modules.re.findall('\\w+', test.test_metadata.kwargs.column_name) -%}
                {%- do found.setdefault(test.attached_node, []).append(parents[0] ~ ' by ' ~ columns | join(' and ')) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- do graph.update({'joins': found}) -%}
    {%- endif -%}
    {%- set joins = graph.joins.get(model.unique_id) -%}
    {{ return(' Joins ' ~ joins | unique | sort | join('; ') ~ '.' if joins else '') }}
{%- endmacro %}
