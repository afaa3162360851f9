-- mode: delta, optional. A stream has a start date: what lies before it is missing, not deleted.
-- needs user: id
-- takes user: name, isactive, managerid, userroleid, department, _airbyte_extracted_at/_airbyte_emitted_at
-- cannot give: rows from before the stream's start date
select distinct on (id)
    id,
    name,
    isactive,
    managerid,
    userroleid,
    department
from "user"
order by id, _airbyte_extracted_at desc nulls last
