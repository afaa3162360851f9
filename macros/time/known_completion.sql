{# When a completed activity was done: its due time, which exports have in place of it. One that was due only after its
   load was done before, nobody knows when; so its time is NULL, as that of a date that cannot be. #}
{% macro known_completion(due_column, loaded_at='_loaded_at') -%}
    case when {{ is_plausible_date(due_column, loaded_at) }} and {{ due_column }} <= {{ loaded_at }} then {{ due_column }} end
{%- endmacro %}
