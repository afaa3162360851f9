{# A value, the bounds of its band and the band's name in words, for people: 'overdue_share is 0.24, at least 0.1, below 0.3: medium'.
   The query has the band as `bands`. #}
{% macro describe_band(measure, value) -%}
    concat_ws(
        ', ',
        {{ measure }} || ' is ' || trim_scale(round({{ value }}, 6)),
        'at least ' || trim_scale(nullif(bands.min_value, '-Infinity')),
        'below ' || trim_scale(nullif(bands.max_value, 'Infinity'))
    ) || ': ' || bands.band
{%- endmacro %}
