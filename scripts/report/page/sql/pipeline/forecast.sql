-- The forecast of today, and what the same method said one month ahead of every past month.
select
    crm_source as crm,
    method,
    to_char(target_month, 'YYYY-MM') as month,
    is_current,
    round(forecast, 2) as forecast,
    round(forecast_low, 2) as low,
    round(forecast_high, 2) as high,
    round(actual_revenue, 2) as actual
from rep_revenue_forecast
where is_current or horizon = 1
order by crm_source, method, is_current, target_month
