-- The deals of the data set slippage.
select
    crm_source as crm,
    deal_id as deal,
    to_char(quarter, 'YYYY-MM') as quarter,
    owner_id as owner,
    outcome as became
from fct_due_deals
order by crm_source, deal_id, quarter
