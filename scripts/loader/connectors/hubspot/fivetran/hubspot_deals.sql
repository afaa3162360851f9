-- mode: full. The first sync brings every row, and Fivetran removes none: it marks what is deleted.
-- needs deal: deal_id, deal_pipeline_stage_id
-- takes deal: deal_pipeline_id, is_deleted, owner_id, property_amount, property_deal_currency_code, property_closedate
-- takes deal: property_createdate, property_hs_lastmodifieddate, property_closed_lost_reason, property_hs_is_closed
-- takes deal: property_hs_is_closed_won, property_hs_deal_stage_probability, property_hs_manual_forecast_category
-- takes deal: property_dealtype, property_hs_analytics_source, property_notes_last_contacted, _fivetran_deleted
-- takes deal_company: deal_id, company_id, type_id
-- lacks: nothing
--
-- A deal's company is its main one, of type 5 in HubSpot.
with companies as (
    select distinct on (deal_id)
        deal_id,
        company_id
    from deal_company
    order by deal_id asc, type_id = '5' desc nulls last, length(company_id) asc, company_id asc
)

select
    deal.deal_id,
    deal.deal_pipeline_id as pipeline,
    deal.deal_pipeline_stage_id as dealstage,
    deal.property_amount as amount,
    deal.property_deal_currency_code as deal_currency_code,
    deal.property_closedate as closedate,
    deal.property_createdate as createdate,
    deal.property_hs_lastmodifieddate as hs_lastmodifieddate,
    deal.owner_id as hubspot_owner_id,
    deal.property_closed_lost_reason as closed_lost_reason,
    deal.property_hs_is_closed as hs_is_closed,
    deal.property_hs_is_closed_won as hs_is_closed_won,
    deal.property_hs_deal_stage_probability as hs_deal_stage_probability,
    deal.property_hs_manual_forecast_category as hs_manual_forecast_category,
    deal.property_dealtype as dealtype,
    deal.property_hs_analytics_source as hs_analytics_source,
    deal.property_notes_last_contacted as notes_last_contacted,
    companies.company_id,
    deal.is_deleted as archived,
    coalesce(deal._fivetran_deleted = 'true', false) as _is_deleted
from deal
left join companies
    on deal.deal_id = companies.deal_id
