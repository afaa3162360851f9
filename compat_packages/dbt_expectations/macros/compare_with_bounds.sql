{# Rows (or groups) whose expression lies outside the bounds; one of them must be given. Null passes. #}
{% macro compare_with_bounds(model, expression, min_value, max_value, group_by, row_condition, strictly) %}
{%- if min_value is none and max_value is none -%}
    {{ exceptions.raise_compiler_error('Give min_value, max_value or both.') }}
{%- endif -%}
{%- set equal = '' if strictly else '=' %}

with measured as (

    select
        {% for column in group_by or [] %}{{ column }} as group_{{ loop.index }}, {% endfor %}
        {{ expression }} as measured_value
    from {{ model }}
    {% if row_condition %}where {{ row_condition }}{% endif %}
    {% if group_by %}group by {{ range(1, group_by | length + 1) | join(', ') }}{% endif %}

)

select *
from measured
where
    false
    {% if min_value is not none %}or not measured_value >{{ equal }} {{ min_value }}{% endif %}
    {% if max_value is not none %}or not measured_value <{{ equal }} {{ max_value }}{% endif %}

{% endmacro %}
