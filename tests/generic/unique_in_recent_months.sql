{# Uniqueness of the rows whose time lies in the last months held: the part of a large fact that new loads mostly touch,
   cheap enough for every run. The whole table has a test tagged full_check beside it. #}
{% test unique_in_recent_months(model, combination_of_columns, time_column, months=3) %}
select
    {{ combination_of_columns | join(', ') }},
    count(*) as rows_held
from {{ model }}
where {{ time_column }} >= (select max({{ time_column }}) - interval '{{ months }} months' from {{ model }})
group by {{ combination_of_columns | join(', ') }}
having count(*) > 1
{% endtest %}
