{# How much of a bottleneck a stage is, by the median days of its completed visits over the var bottleneck_days. #}
{% macro bottleneck_level(visits_count, p50_days) -%}
    case
        when coalesce({{ visits_count }}, 0) < {{ var('min_sample') }} then 'too few visits'
        {%- for level, days in var('bottleneck_days').items() %}
        when {{ p50_days }} > {{ days }} then '{{ level }}'
        {%- endfor %}
        else 'none'
    end
{%- endmacro %}
