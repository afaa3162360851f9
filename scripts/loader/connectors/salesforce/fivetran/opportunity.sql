-- mode: full. The first sync brings every row, and Fivetran removes none: it marks what is deleted.
-- needs opportunity: id, stage_name, is_closed, is_won
-- takes opportunity: is_deleted, account_id, name, amount, probability, close_date, type, lead_source
-- takes opportunity: forecast_category_name, campaign_id, currency_iso_code, owner_id, created_date, last_activity_date
-- takes opportunity: system_modstamp, record_type_id, _fivetran_deleted
-- newest of opportunity: id by _fivetran_start
-- lacks: nothing
select
    id,
    is_deleted as isdeleted,
    account_id as accountid,
    name,
    stage_name as stagename,
    amount,
    probability,
    left(close_date, 10) as closedate,
    type,
    lead_source as leadsource,
    is_closed as isclosed,
    is_won as iswon,
    forecast_category_name as forecastcategoryname,
    campaign_id as campaignid,
    currency_iso_code as currencyisocode,
    owner_id as ownerid,
    created_date as createddate,
    left(last_activity_date, 10) as lastactivitydate,
    system_modstamp as systemmodstamp,
    record_type_id as recordtypeid,
    coalesce(_fivetran_deleted = 'true', false) as _is_deleted
from opportunity
