select
    crm_source as crm,
    method,
    horizon,
    tests_count as tests,
    round(wape, 6) as wape,
    round(bias, 6) as bias
from rep_forecast_accuracy
order by crm_source, method, horizon
