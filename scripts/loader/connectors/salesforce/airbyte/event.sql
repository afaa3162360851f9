-- mode: delta, optional. A stream has a start date: what lies before it is missing, not deleted.
-- needs event: id
-- takes event: whatid, ownerid, type, activitydatetime, startdatetime, enddatetime, isdeleted
-- newest of event: id by _airbyte_extracted_at/_airbyte_emitted_at
-- lacks: rows from before the stream's start date
select
    id,
    whatid,
    ownerid,
    type,
    activitydatetime,
    startdatetime,
    enddatetime,
    isdeleted
from event
