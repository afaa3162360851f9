-- mode: delta, optional. A stream has a start date: what lies before it is missing, not deleted.
-- needs opportunityfieldhistory: id, opportunityid, field, oldvalue, newvalue, createddate
-- newest of opportunityfieldhistory: id by _airbyte_extracted_at/_airbyte_emitted_at
-- lacks: rows from before the stream's start date
select
    opportunityid,
    field,
    oldvalue,
    newvalue,
    createddate
from opportunityfieldhistory
