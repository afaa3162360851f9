-- Alert: no funnel event in the 7 days before as_of_date. Without the var as_of_date the date is that of the newest
-- event itself, so a schedule must set it. The number shown is the days of silence.
{{ config(severity='warn', fail_calc='coalesce(sum(failing_rows), 0)') }}
{% set days_of_silence = 'as_of_date - ' ~ cut_day('newest_event_at') %}
select
    as_of_date,
    newest_event_at,
    {{ days_of_silence }} as failing_rows,
    null::bigint as tested_rows
from {{ ref('dim_as_of') }}
where {{ days_of_silence }} > 7
