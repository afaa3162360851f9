-- mode: full, optional. The first sync brings every row, and Fivetran removes none: it marks what is deleted.
-- needs event: id
-- takes event: what_id/whatid, owner_id/ownerid, type, activity_date_time/activitydatetime
-- takes event: start_date_time/startdatetime, end_date_time/enddatetime, is_deleted/isdeleted, is_child/ischild
-- takes event: is_recurrence/isrecurrence, _fivetran_deleted
-- newest of event: id by _fivetran_start
-- lacks: nothing
select
    id,
    what_id as whatid,
    owner_id as ownerid,
    type,
    activity_date_time as activitydatetime,
    start_date_time as startdatetime,
    end_date_time as enddatetime,
    is_deleted as isdeleted,
    is_child as ischild,
    is_recurrence as isrecurrence,
    coalesce(_fivetran_deleted = 'true', false) as _is_deleted
from event
