-- mode: delta, optional. A pipeline that starts anew holds the types that changed in the last 30 days alone.
-- needs activity_types: id, name, key_string
-- takes activity_types: active_flag
-- newest of activity_types: id by _dlt_load_id
-- lacks: types that did not change in the 30 days before the first run; deletions
select
    id,
    name,
    coalesce(active_flag, 'true') as active,
    key_string as type
from activity_types
