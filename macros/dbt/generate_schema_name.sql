{# dev: <target schema>_<folder schema>; prod: the plain folder schema. Time travel gets schemas of its own. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set layer = custom_schema_name | trim if custom_schema_name else none -%}
    {%- if layer is none -%}
        {%- set schema = target.schema -%}
    {%- elif target.name == 'prod' -%}
        {%- set schema = layer -%}
    {%- else -%}
        {%- set schema = target.schema ~ '_' ~ layer -%}
    {%- endif -%}
    {{ schema ~ ('_as_of' if var('loaded_until') else '') }}
{%- endmacro %}
