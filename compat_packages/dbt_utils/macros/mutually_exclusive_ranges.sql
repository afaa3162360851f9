{# Bounds are half open. The last range of a partition has no successor; null bounds fail. #}
{% test mutually_exclusive_ranges(
    model, lower_bound_column, upper_bound_column, partition_by=none, gaps='allowed', zero_length_range_allowed=false
) %}
{%- set follows = {'not_allowed': '=', 'allowed': '<=', 'required': '<'} -%}
{%- if gaps not in follows -%}
    {{ exceptions.raise_compiler_error(
        "mutually_exclusive_ranges: `gaps` is one of not_allowed, allowed, required, not '" ~ gaps ~ "'"
    ) }}
{%- endif %}

with ranges as (

    select
        {% if partition_by %}{{ partition_by }} as partition_key,{% endif %}
        {{ lower_bound_column }} as lower_bound,
        {{ upper_bound_column }} as upper_bound,
        lead({{ lower_bound_column }}) over bounds as next_lower_bound,
        lead(false, 1, true) over bounds as is_last
    from {{ model }}
    window bounds as (
        {% if partition_by %}partition by {{ partition_by }}{% endif %}
        order by {{ lower_bound_column }}, {{ upper_bound_column }}
    )

)

select *
from ranges
where
    (lower_bound {{ '<=' if zero_length_range_allowed else '<' }} upper_bound) is not true
    or not coalesce(upper_bound {{ follows[gaps] }} next_lower_bound, is_last)

{% endtest %}
