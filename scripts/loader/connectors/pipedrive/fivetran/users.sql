-- mode: delta, optional. Fivetran removes no row, it marks what is deleted; a new sync may hold the last 30 days alone.
-- needs user: id, name
-- takes user: email, modified, active_flag, _fivetran_deleted
-- lacks: nothing
select
    id,
    name,
    email,
    modified,
    active_flag,
    coalesce(_fivetran_deleted = 'true', false) as _is_deleted
from "user" -- noqa: RF06
order by length(id), id
