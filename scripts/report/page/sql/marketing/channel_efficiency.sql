-- The parts of cost per lead and per new account. Spend is NULL where the ad export does not cover the month.
select
    to_char(month, 'YYYY-MM') as month,
    channel,
    is_paid,
    round(spend, 2) as spend,
    leads_count as leads,
    period_new_accounts_count as new_accounts
from rep_marketing_efficiency_monthly
order by month, channel
