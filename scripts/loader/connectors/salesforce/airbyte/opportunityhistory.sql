-- mode: delta. A stream has a start date: what lies before it is missing, not deleted.
-- needs opportunityhistory: id, opportunityid, stagename, createddate
-- takes opportunityhistory: amount, probability, closedate, forecastcategory, isdeleted, _airbyte_extracted_at/_airbyte_emitted_at
-- cannot give: rows from before the stream's start date
select distinct on (id)
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
order by id, _airbyte_extracted_at desc nulls last
