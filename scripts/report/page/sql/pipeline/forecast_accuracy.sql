select
    crm_source as crm,
    method,
    horizon,
    tests_count as tests,
    round(wape, 6) as wape,
    round(naive_wape, 6) as naive_wape,
    round(bias, 6) as bias,
    round(interval_coverage, 6) as interval_coverage
from rep_forecast_accuracy
order by crm_source, method, horizon
