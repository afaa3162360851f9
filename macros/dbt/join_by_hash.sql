{# Pre-hook of a report that joins a dense grid to its cells by five or six columns. The planner takes so many equalities for
   almost no rows and a generate_series for a thousand, and then compares millions of rows one by one; a hash compares none. #}
{% macro join_by_hash() -%}
    set local enable_mergejoin = off;
    set local enable_nestloop = off
{%- endmacro %}
