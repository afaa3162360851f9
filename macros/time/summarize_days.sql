{# Columns <prefix>_mean_days, _p50_days and _p90_days of a column of days. NULL where there is none. #}
{% macro summarize_days(column, prefix, condition='true') -%}
    (avg({{ column }}) filter (where {{ condition }}))::numeric(18, 6) as {{ prefix }}_mean_days,
    (percentile_cont(0.5) within group (order by {{ column }}) filter (where {{ condition }}))::numeric(18, 6) as {{ prefix }}_p50_days,
    (percentile_cont(0.9) within group (order by {{ column }}) filter (where {{ condition }}))::numeric(18, 6) as {{ prefix }}_p90_days
{%- endmacro %}
