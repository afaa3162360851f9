-- The day that ages are measured at, how fresh the marts are, and the currency of every amount.
select
    funnel.as_of_date::text as as_of_date,
    to_char(funnel.newest_event_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as newest_event,
    to_char(pipeline.newest_change_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as newest_change,
    to_char(funnel.newest_load_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as newest_load,
    (select max(reporting_currency) from dim_exchange_rates) as currency
from dim_as_of as funnel
cross join dim_as_of as pipeline
