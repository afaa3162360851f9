-- smooth_lift with the project's vars k = 20 and min_sample = 10: far fewer deals than k barely move it from 1.
{% set k = var('icp_prior_deals') %}
{% set least = var('min_sample') %}
with literals (won, closed, base_rate, expected) as (
    values
    ({{ least }}, {{ least }}, 0.5, ({{ least }} + 0.5 * {{ k }}) / ({{ least }} + {{ k }}) / 0.5),
    (0, {{ least }}, 0.5, (0.5 * {{ k }}) / ({{ least }} + {{ k }}) / 0.5),
    (1000, 2000, 0.5, 1),
    (1, {{ least }} - 1, 0.5, null),
    (0, 2000, 0.0, null),
    (0, 2000, null, null)
)

select *
from literals
where {{ smooth_lift('won', 'closed', 'base_rate') }} is distinct from expected::numeric(20, 10)
