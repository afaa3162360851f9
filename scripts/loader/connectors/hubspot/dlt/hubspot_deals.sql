-- mode: delta. A run merges into the table: what is gone in HubSpot stays, unless soft_delete is on.
-- needs deals: id, dealstage
-- takes deals: pipeline, amount, deal_currency_code, closedate, createdate, hs_lastmodifieddate, hubspot_owner_id
-- takes deals: closed_lost_reason, hs_is_closed, hs_is_closed_won, hs_deal_stage_probability
-- takes deals: hs_manual_forecast_category, dealtype, hs_analytics_source, notes_last_contacted, is_deleted
-- newest of deals: id by _dlt_load_id
-- takes companies__deals: value, deals_id
-- lacks: deletions where soft_delete is off; properties beginning with hs_ that are not configured
with companies as (
    select
        deals_id as deal_id,
        min(value) as company_id
    from companies__deals
    group by deals_id
)

select
    deals.id as deal_id,
    deals.pipeline,
    deals.dealstage,
    deals.amount,
    deals.deal_currency_code,
    deals.closedate,
    deals.createdate,
    deals.hs_lastmodifieddate,
    deals.hubspot_owner_id,
    deals.closed_lost_reason,
    deals.hs_is_closed,
    deals.hs_is_closed_won,
    deals.hs_deal_stage_probability,
    deals.hs_manual_forecast_category,
    deals.dealtype,
    deals.hs_analytics_source,
    deals.notes_last_contacted,
    companies.company_id,
    coalesce(deals.is_deleted = 'true', false) as archived
from deals
left join companies
    on deals.id = companies.deal_id
