{# Not before 2000 and, unless the time may be planned, not later than one day after the newest load: a CRM cannot
   export what has not happened. The day covers a load that read its times in another zone than the CRM wrote them in. #}
{% test plausible_time(model, column_name, may_be_planned=false) %}
select {{ column_name }}
from {{ model }}
where
    {{ column_name }} < '2000-01-01 00:00+00'
    {%- if not may_be_planned %}
    or {{ column_name }} > {{ loaded_until() }} + interval '1 day'
    {%- endif %}
    or {{ column_name }} = 'infinity'
{% endtest %}
