-- mode: delta, optional. A stream has a start date: what lies before it is missing, not deleted.
-- needs user: id
-- takes user: name, email, isactive, managerid, userroleid, department
-- newest of user: id by _airbyte_extracted_at/_airbyte_emitted_at
-- lacks: rows from before the stream's start date
select
    id,
    name,
    email,
    isactive,
    managerid,
    userroleid,
    department
from "user" -- noqa: RF06
