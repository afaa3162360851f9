-- The date on which ages are calculated, how fresh the marts are, which domains are switched off, from how many deals on a change
-- says something, and the currency of every amount.
select
    as_of_date::text as as_of_date,
    to_char(current_quarter, 'YYYY-MM') as current_quarter,
    to_char(newest_event_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as newest_event,
    to_char(newest_load_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') as newest_load,
    switched_off,
    min_sample,
    (select max(reporting_currency) from dim_exchange_rates) as currency
from dim_as_of
