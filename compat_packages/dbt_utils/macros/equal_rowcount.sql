{# A group without rows on one side (without groups: an empty table) is not counted, as in the package itself;
   dbt_expectations.expect_table_row_count_to_equal_other_table does count it. #}
{% test equal_rowcount(model, compare_model, group_by_columns=[]) %}
{{ config(fail_calc='coalesce(sum(coalesce(diff_count, 0)), 0)') }}
{%- set groups = ['1'] + group_by_columns -%}
{%- set keys = [] -%}
{%- for _ in groups -%}
    {%- do keys.append('key_' ~ loop.index) -%}
{%- endfor %}

with counted as (

    select
        {% for group in groups %}{{ group }} as key_{{ loop.index }}, {% endfor %}
        count(*) as row_count
    from {{ model }}
    group by {{ range(1, groups | length + 1) | join(', ') }}

),

compared as (

    select
        {% for group in groups %}{{ group }} as key_{{ loop.index }}, {% endfor %}
        count(*) as compare_row_count
    from {{ compare_model }}
    group by {{ range(1, groups | length + 1) | join(', ') }}

)

select
    {{ keys | join(', ') }},
    row_count,
    compare_row_count,
    abs(row_count - compare_row_count) as diff_count
from counted
full join compared using ({{ keys | join(', ') }})

{% endtest %}
