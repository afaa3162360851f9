-- mode: full, optional. The first sync brings every row, and Fivetran removes none: it marks what is deleted.
-- needs lead: id, created_date/createddate
-- takes lead: lead_source/leadsource, is_converted/isconverted, converted_date/converteddate
-- takes lead: converted_opportunity_id/convertedopportunityid, converted_contact_id/convertedcontactid
-- takes lead: is_deleted/isdeleted, _fivetran_deleted
-- newest of lead: id by _fivetran_start
-- lacks: nothing
select
    id,
    created_date as createddate,
    lead_source as leadsource,
    is_converted as isconverted,
    left(converted_date, 10) as converteddate,
    converted_opportunity_id as convertedopportunityid,
    converted_contact_id as convertedcontactid,
    coalesce('true' in (is_deleted, _fivetran_deleted), false) as _is_deleted
from lead
