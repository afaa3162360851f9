{# The date that a logged text begins with, as text; NULL where it is none, or one that cannot be. #}
{% macro logged_date(column) -%}
    case
        when
            pg_input_is_valid(left({{ column }}, 10), 'date')
            and {{ column }} ~ '^\d{4}-\d{2}-\d{2}'
            and {{ is_plausible_date('left(' ~ column ~ ', 10)::date', is_date=true) }}
            then left({{ column }}, 10)
    end
{%- endmacro %}
