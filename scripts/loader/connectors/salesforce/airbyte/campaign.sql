-- mode: delta, optional. A stream has a start date: what lies before it is missing, not deleted.
-- needs campaign: id
-- takes campaign: name, type, actualcost, isdeleted
-- newest of campaign: id by _airbyte_extracted_at/_airbyte_emitted_at
-- lacks: rows from before the stream's start date
select
    id,
    name,
    type,
    actualcost,
    coalesce(isdeleted = 'true', false) as _is_deleted
from campaign
