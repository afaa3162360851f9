-- Won and lost by month of closing and owner: the parts of revenue and of every win rate. What has no closing date has no month.
select
    deals.crm_source as crm,
    to_char(deals.closed_date, 'YYYY-MM') as month,
    deals.owner_id as owner,
    count(*) filter (where deals.status = 'won') as won,
    count(*) filter (where deals.status = 'lost') as lost,
    round(sum(deals.reporting_amount) filter (where deals.status = 'won'), 2) as amount,
    count(*) filter (where deals.status = 'won' and deals.reporting_amount is null) as missing_amount
from fct_deals as deals
cross join dim_as_of as as_of
where
    deals.status in ('won', 'lost')
    and coalesce(deals.closed_date, as_of.as_of_date) <= as_of.as_of_date
group by crm, month, owner
order by crm, month, owner
