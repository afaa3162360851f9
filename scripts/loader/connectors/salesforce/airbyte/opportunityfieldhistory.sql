-- mode: delta, optional. A stream has a start date: what lies before it is missing, not deleted.
-- needs opportunityfieldhistory: id, opportunityid, field, oldvalue, newvalue, createddate
-- takes opportunityfieldhistory: _airbyte_extracted_at/_airbyte_emitted_at
-- cannot give: rows from before the stream's start date
select distinct on (id)
    opportunityid,
    field,
    oldvalue,
    newvalue,
    createddate
from opportunityfieldhistory
order by id, _airbyte_extracted_at desc nulls last
