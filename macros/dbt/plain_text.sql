{# A description as a comment of the database, for tools that show no Markdown: its marks and line breaks are taken out. #}
{% macro plain_text(description) -%}
    {%- set unlinked = modules.re.sub('\\[([^\\]]+)\\]\\([^)]+\\)', '\\1', description) -%}
    {{ return(unlinked.replace('`', '').replace('**', '').split() | join(' ')) }}
{%- endmacro %}
