-- mode: delta, optional. Fivetran removes no row, it marks what is deleted; a new sync may hold the last 30 days alone.
-- needs activity_type: id, name, key_string
-- takes activity_type: active_flag/is_active, _fivetran_deleted
-- lacks: nothing
select
    id,
    name,
    coalesce(active_flag, 'true') as active,
    key_string as type,
    coalesce(_fivetran_deleted = 'true', false) as _is_deleted
from activity_type
order by length(id), id
