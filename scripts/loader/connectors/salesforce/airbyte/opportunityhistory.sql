-- mode: delta. A stream has a start date: what lies before it is missing, not deleted.
-- needs opportunityhistory: id, opportunityid, stagename, createddate
-- takes opportunityhistory: amount, probability, closedate, forecastcategory, isdeleted
-- newest of opportunityhistory: id by _airbyte_extracted_at/_airbyte_emitted_at
-- lacks: rows from before the stream's start date
select
    id,
    opportunityid,
    stagename,
    amount,
    probability,
    left(closedate, 10) as closedate,
    forecastcategory,
    createddate,
    isdeleted
from opportunityhistory
