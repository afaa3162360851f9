{# Days between two timestamptz, with fractions. #}
{% macro count_days(from_column, to_column) -%}
    (extract(epoch from {{ to_column }} - {{ from_column }}) / 86400)::numeric(18, 6)
{%- endmacro %}
