-- mode: delta. A stream has a start date: what lies before it is missing, not deleted.
-- needs deals: id, properties_dealstage
-- takes deals: archived, companies, createdat, updatedat, properties_pipeline, properties_amount
-- takes deals: properties_deal_currency_code, properties_closedate, properties_createdate, properties_hs_lastmodifieddate
-- takes deals: properties_hubspot_owner_id, properties_closed_lost_reason, properties_hs_is_closed
-- takes deals: properties_hs_is_closed_won, properties_hs_deal_stage_probability
-- takes deals: properties_hs_manual_forecast_category, properties_dealtype, properties_hs_analytics_source
-- takes deals: properties_notes_last_contacted
-- newest of deals: id by _airbyte_extracted_at/_airbyte_emitted_at
-- takes deals_archived: id
-- lacks: rows from before the stream's start date; which of several companies is the main one
with archived_deals as (
    select distinct id
    from deals_archived
)

select
    deals.id as deal_id,
    deals.properties_pipeline as pipeline,
    deals.properties_dealstage as dealstage,
    deals.properties_amount as amount,
    deals.properties_deal_currency_code as deal_currency_code,
    deals.properties_closedate as closedate,
    coalesce(deals.properties_createdate, deals.createdat) as createdate,
    coalesce(deals.properties_hs_lastmodifieddate, deals.updatedat) as hs_lastmodifieddate,
    deals.properties_hubspot_owner_id as hubspot_owner_id,
    deals.properties_closed_lost_reason as closed_lost_reason,
    deals.properties_hs_is_closed as hs_is_closed,
    deals.properties_hs_is_closed_won as hs_is_closed_won,
    deals.properties_hs_deal_stage_probability as hs_deal_stage_probability,
    deals.properties_hs_manual_forecast_category as hs_manual_forecast_category,
    deals.properties_dealtype as dealtype,
    deals.properties_hs_analytics_source as hs_analytics_source,
    deals.properties_notes_last_contacted as notes_last_contacted,
    deals.companies::json ->> 0 as company_id,
    coalesce(deals.archived = 'true', false) or archived_deals.id is not null as archived
from deals
left join archived_deals
    on deals.id = archived_deals.id
