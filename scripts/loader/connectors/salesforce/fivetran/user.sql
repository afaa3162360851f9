-- mode: full, optional. The first sync brings every row, and Fivetran removes none: it marks what is deleted.
-- needs user: id
-- takes user: name, email, is_active/isactive, manager_id/managerid, user_role_id/userroleid, department
-- takes user: _fivetran_deleted
-- newest of user: id by _fivetran_start
-- lacks: nothing
select
    id,
    name,
    email,
    is_active as isactive,
    manager_id as managerid,
    user_role_id as userroleid,
    department,
    coalesce(_fivetran_deleted = 'true', false) as _is_deleted
from "user" -- noqa: RF06
