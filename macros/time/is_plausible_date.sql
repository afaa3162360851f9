{# Whether a time (or, with is_date, a date) can be: not before 1990, and not more than ten years after the load of its row.
   One that cannot is kept in staging and counted in rep_implausible_dates; above staging it counts as not known, so
   that no grid reaches it. 87 672 hours are ten years; of hours the session's zone does not matter. #}
{% macro is_plausible_date(column, loaded_at='_loaded_at', is_date=false) -%}
    {%- set instant = "to_timestamp(extract(epoch from (" ~ column ~ ")::timestamp))" if is_date else column -%}
    ({{ instant }} >= '1990-01-01 00:00+00'::timestamptz and {{ instant }} <= {{ loaded_at }} + interval '87672 hours')
{%- endmacro %}
