-- mode: full, optional. The first sync brings every row, and Fivetran removes none: it marks what is deleted.
-- needs lead: id, created_date
-- takes lead: lead_source, is_converted, converted_date, converted_opportunity_id, converted_contact_id, is_deleted, _fivetran_deleted
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
