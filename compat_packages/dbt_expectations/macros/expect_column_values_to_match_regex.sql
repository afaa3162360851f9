{# Null does not match. PostgreSQL needs no raw strings, so is_raw changes nothing. #}
{% test expect_column_values_to_match_regex(
    model, column_name, regex, row_condition=none, is_raw=false, flags=''
) %}

select {{ column_name }}
from {{ model }}
where
    regexp_like({{ column_name }}, '{{ regex }}', '{{ flags | replace("g", "") }}') is not true
    {% if row_condition %}and ({{ row_condition }}){% endif %}

{% endtest %}
