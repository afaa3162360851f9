-- mode: delta, optional. A stream has a start date: what lies before it is missing, not deleted.
-- needs lead: id, createddate
-- takes lead: leadsource, isconverted, converteddate, convertedopportunityid, convertedcontactid, isdeleted
-- newest of lead: id by _airbyte_extracted_at/_airbyte_emitted_at
-- lacks: rows from before the stream's start date
select
    id,
    createddate,
    leadsource,
    isconverted,
    left(converteddate, 10) as converteddate,
    convertedopportunityid,
    convertedcontactid,
    coalesce(isdeleted = 'true', false) as _is_deleted
from lead
