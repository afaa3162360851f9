-- The deals behind the figures, the open ones and then the last closed first: of many the page keeps as many as it can hold. Last
-- come those that only activities name.
select
    deals.crm_source as crm,
    deals.deal_id as id,
    deals.stage_id,
    deals.owner_id as owner,
    deals.status,
    round(priced.reporting_amount) as amount,
    deals.created_date::text as created,
    deals.closed_date::text as closed,
    coalesce(deals.closed_date, as_of.as_of_date) - deals.created_date as days
from dim_deals as deals
cross join dim_as_of as as_of
left join fct_deals as priced on deals.deal_key = priced.deal_key
where deals.status <> 'deleted'
order by deals.status = 'unknown' asc, deals.closed_date desc nulls first, deals.crm_source asc, deals.deal_id asc
