-- Deals that entered a step for the first time: the parts of every funnel count and period conversion.
select
    crm_source as crm,
    to_char(month, 'YYYY-MM') as month,
    pipeline_id,
    owner_id as owner,
    funnel_step as step,
    deals_count as deals
from rep_sales_funnel_by_owner_monthly
order by crm_source, month, pipeline_id, owner_id, funnel_step
