-- mode: delta, optional. A stream has a start date: what lies before it is missing, not deleted.
-- needs task: id
-- takes task: whatid, ownerid, type, tasksubtype, status, isclosed, activitydate, completeddatetime, createddate, isdeleted
-- newest of task: id by _airbyte_extracted_at/_airbyte_emitted_at
-- lacks: rows from before the stream's start date
select
    id,
    whatid,
    ownerid,
    type,
    tasksubtype,
    status,
    isclosed,
    left(activitydate, 10) as activitydate,
    completeddatetime,
    createddate,
    isdeleted
from task
