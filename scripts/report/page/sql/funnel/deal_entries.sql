-- The deals that the data set funnel counts.
select
    crm_source as crm,
    deal_id as deal,
    pipeline_id,
    to_char(occurred_month, 'YYYY-MM') as month,
    owner_id as owner,
    funnel_step as step
from fct_funnel_events
where is_first_entry
order by crm_source, deal_id, pipeline_id, occurred_at, funnel_step
