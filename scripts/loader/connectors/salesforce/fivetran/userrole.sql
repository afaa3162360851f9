-- mode: full, optional. The first sync brings every row, and Fivetran removes none: it marks what is deleted.
-- needs user_role: id
-- takes user_role: name, parent_role_id/parentroleid, _fivetran_deleted
-- newest of user_role: id by _fivetran_start
-- lacks: nothing
select
    id,
    name,
    parent_role_id as parentroleid,
    coalesce(_fivetran_deleted = 'true', false) as _is_deleted
from user_role
