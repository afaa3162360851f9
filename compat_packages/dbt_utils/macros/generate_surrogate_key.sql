{# md5 over the fields as text, joined by `-`; null has a mark of its own, so that it differs from the empty text. #}
{% macro generate_surrogate_key(field_list) %}
{%- set null_mark = '' if var('surrogate_key_treat_nulls_as_empty_strings', false) else '_dbt_utils_surrogate_key_null_' -%}
{%- set parts = [] -%}
{%- for field in field_list -%}
    {%- do parts.append("coalesce(cast(" ~ field ~ " as text), '" ~ null_mark ~ "')") -%}
{%- endfor -%}
md5({{ parts | join(" || '-' || ") }})
{%- endmacro %}
