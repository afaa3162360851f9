-- Deals that entered a step for the first time: the parts of every funnel count and period conversion.
select
    to_char(month, 'YYYY-MM') as month,
    pipeline_id,
    coalesce(nullif(owner_id, 0)::text, 'Unknown') as owner,
    funnel_step as step,
    deals_count as deals
from rep_sales_funnel_by_owner_monthly
order by month, pipeline_id, owner_id, funnel_step
