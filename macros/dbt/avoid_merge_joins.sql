{# Pre-hook of a report that joins a dense grid to its cells: of a generate_series the planner guesses a thousand rows for each, and
   then merges by the first columns of the key, comparing millions of rows by the rest, where a hash of all columns takes none. #}
{% macro avoid_merge_joins() -%}
    set local enable_mergejoin = off
{%- endmacro %}
