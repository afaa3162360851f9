-- mode: delta, optional. A stream has a start date: what lies before it is missing, not deleted.
-- needs userrole: id
-- takes userrole: name, parentroleid
-- newest of userrole: id by _airbyte_extracted_at/_airbyte_emitted_at
-- lacks: rows from before the stream's start date
select
    id,
    name,
    parentroleid
from userrole
