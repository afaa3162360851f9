-- mode: delta, optional. Fivetran removes no row, it marks what is deleted; a new sync may hold the last 30 days alone.
-- needs activity: id, deal_id, type, done, due_date
-- takes activity: due_time, assigned_to_user_id/user_id/owner_id, marked_as_done_time, add_time
-- takes activity: active_flag, is_deleted, _fivetran_deleted
-- lacks: nothing
select
    id as activity_id,
    type,
    assigned_to_user_id as assigned_to_user,
    deal_id,
    done,
    coalesce(left(due_date, 10) || 'T' || coalesce(nullif(due_time, ''), '00:00'), marked_as_done_time, add_time) as due_to,
    marked_as_done_time,
    coalesce('true' in (_fivetran_deleted, is_deleted), false) or coalesce(active_flag = 'false', false) as _is_deleted
from activity
where deal_id is not null
order by length(id), id
