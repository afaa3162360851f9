-- The horizons that the columns of cohorts are of.
select
    'horizon_' || row_number() over (order by horizon_days) as horizon,
    horizon_days as days
from rep_funnel_conversion_cohort_by_owner
where horizon_days > 0
group by horizon_days
order by horizon_days
limit 3
