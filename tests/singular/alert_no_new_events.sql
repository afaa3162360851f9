-- Alert: no funnel event in the 7 days before as_of_date. Without the var as_of_date the date is that of the newest
-- event itself, so a schedule must set it. The number shown is the days of silence.
{{ config(severity='warn', warn_if='> 7', fail_calc='coalesce(max(days_of_silence), 0)') }}
select
    as_of_date,
    newest_event_at,
    as_of_date - (newest_event_at at time zone '{{ var("reporting_timezone") }}')::date as days_of_silence
from {{ ref('dim_as_of') }}
