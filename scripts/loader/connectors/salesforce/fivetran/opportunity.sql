-- mode: full. The first sync brings every row, and Fivetran removes none: it marks what is deleted.
-- needs opportunity: id, stage_name/stagename, is_closed/isclosed, is_won/iswon
-- takes opportunity: is_deleted/isdeleted, account_id/accountid, name, amount, probability, close_date/closedate, type
-- takes opportunity: lead_source/leadsource, forecast_category_name/forecastcategoryname, campaign_id/campaignid
-- takes opportunity: currency_iso_code/currencyisocode, owner_id/ownerid, created_date/createddate
-- takes opportunity: last_activity_date/lastactivitydate, system_modstamp/systemmodstamp
-- takes opportunity: record_type_id/recordtypeid, _fivetran_deleted
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
