{% test expect_table_row_count_to_equal_other_table(
    model, compare_model, group_by=none, compare_group_by=none, factor=1, row_condition=none,
    compare_row_condition=none
) %}
{%- set groups = group_by or [] -%}
{%- set compare_groups = compare_group_by or groups -%}
{%- set compare_condition = compare_row_condition or row_condition -%}
{%- set joined = [] -%}
{%- for _ in groups -%}
    {%- do joined.append('counted.group_' ~ loop.index ~ ' = compared.group_' ~ loop.index) -%}
{%- endfor %}

with counted as (

    select
        {% for column in groups %}{{ column }} as group_{{ loop.index }}, {% endfor %}
        count(*) as row_count
    from {{ model }}
    {% if row_condition %}where {{ row_condition }}{% endif %}
    {% if groups %}group by {{ range(1, groups | length + 1) | join(', ') }}{% endif %}

),

compared as (

    select
        {% for column in compare_groups %}{{ column }} as group_{{ loop.index }}, {% endfor %}
        count(*) * {{ factor }} as row_count
    from {{ compare_model }}
    {% if compare_condition %}where {{ compare_condition }}{% endif %}
    {% if groups %}group by {{ range(1, groups | length + 1) | join(', ') }}{% endif %}

)

select
    {% for _ in groups %}coalesce(counted.group_{{ loop.index }}, compared.group_{{ loop.index }}) as group_{{ loop.index }}, {% endfor %}
    counted.row_count,
    compared.row_count as compare_row_count
from counted
{% if groups %}full join compared on {{ joined | join(' and ') }}{% else %}cross join compared{% endif %}
where coalesce(counted.row_count, 0) <> coalesce(compared.row_count, 0)

{% endtest %}
