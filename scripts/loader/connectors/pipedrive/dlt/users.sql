-- mode: delta, optional. A pipeline that starts anew holds the users that changed in the last 30 days alone.
-- needs users: id, name
-- takes users: email, modified, active_flag
-- newest of users: id by _dlt_load_id
-- lacks: users that did not change in the 30 days before the first run; deletions
select
    id,
    name,
    email,
    modified,
    active_flag
from users
