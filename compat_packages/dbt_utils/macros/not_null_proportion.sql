{# A table without rows has no proportion and passes. #}
{% test not_null_proportion(model, column_name, at_least, at_most=1, group_by_columns=[]) %}
{%- set groups = group_by_columns | join(', ') %}

select
    {% if groups %}{{ groups }},{% endif %}
    avg(case when {{ column_name }} is null then 0 else 1 end) as not_null_proportion
from {{ model }}
{% if groups %}group by {{ groups }}{% endif %}
having avg(case when {{ column_name }} is null then 0 else 1 end) not between {{ at_least }} and {{ at_most }}

{% endtest %}
