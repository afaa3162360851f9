-- The deals that the data set channels counts: by the month of their creation, and of their win.
select
    crm_source as crm,
    deal_id as deal,
    channel,
    to_char(created_date, 'YYYY-MM') as created,
    to_char(won_date, 'YYYY-MM') as won
from fct_deal_channels
order by crm_source, deal_id
