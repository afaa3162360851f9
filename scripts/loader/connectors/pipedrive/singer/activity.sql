-- mode: delta, optional. A target for Singer adds rows and changes them, but removes none that the CRM no longer has.
-- needs activities: id, deal_id, type, done, due_date
-- takes activities: due_time, assigned_to_user_id/user_id/owner_id, marked_as_done_time, add_time
-- takes activities: active_flag, is_deleted
-- newest of activities: id by _sdc_sequence/_sdc_batched_at
-- lacks: some deletions
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
