-- mode: full, optional. The first sync brings every row, and Fivetran removes none: it marks what is deleted.
-- needs task: id
-- takes task: what_id/whatid, owner_id/ownerid, type, task_subtype/tasksubtype, status, is_closed/isclosed
-- takes task: activity_date/activitydate, completed_date_time/completeddatetime, created_date/createddate
-- takes task: is_deleted/isdeleted, is_recurrence/isrecurrence, _fivetran_deleted
-- newest of task: id by _fivetran_start
-- lacks: nothing
select
    id,
    what_id as whatid,
    owner_id as ownerid,
    type,
    task_subtype as tasksubtype,
    status,
    is_closed as isclosed,
    left(activity_date, 10) as activitydate,
    completed_date_time as completeddatetime,
    created_date as createddate,
    is_deleted as isdeleted,
    is_recurrence as isrecurrence,
    coalesce(_fivetran_deleted = 'true', false) as _is_deleted
from task
