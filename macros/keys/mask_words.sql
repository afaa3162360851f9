{# Keeps the first character of each word: 'Ann Lee' becomes 'A*** L***'. A word without a second letter or digit would be
   shown in full by that ('X', 'X.'), so nothing of it is kept. #}
{% macro mask_words(column) -%}
    regexp_replace(regexp_replace({{ column }}, '(\S)\S*\w\S*', '\1***', 'g'), '(^|\s)(?!\S[*]{3}(\s|$))\S+', '\1***', 'g')
{%- endmacro %}
