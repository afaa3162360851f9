-- mode: delta, optional. A sync that starts anew holds the activities of the last 30 days alone.
-- needs activities: id, deal_id, type, done, due_date
-- takes activities: due_time, assigned_to_user_id/user_id/owner_id, marked_as_done_time, add_time
-- takes activities: active_flag, is_deleted
-- newest of activities: id by _airbyte_extracted_at/_airbyte_emitted_at
-- lacks: activities that did not change in the 30 days before the first sync; some deletions
select
    id as activity_id,
    type,
    assigned_to_user_id as assigned_to_user,
    deal_id,
    done,
    coalesce(left(due_date, 10) || 'T' || coalesce(nullif(due_time, ''), '00:00'), marked_as_done_time, add_time) as due_to,
    marked_as_done_time,
    coalesce(is_deleted = 'true', false) or coalesce(active_flag = 'false', false) as _is_deleted
from activities
where deal_id is not null
