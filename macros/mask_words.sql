{# Keeps the first character of each word: 'Ann Lee' becomes 'A*** L***'. #}
{% macro mask_words(column) -%}
    regexp_replace({{ column }}, '(\S)\S*', '\1***', 'g')
{%- endmacro %}
