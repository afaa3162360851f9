-- mode: delta, optional. A stream has a start date: what lies before it is missing, not deleted.
-- needs opportunitycontactrole: id, opportunityid, contactid
-- takes opportunitycontactrole: isprimary, isdeleted
-- newest of opportunitycontactrole: id by _airbyte_extracted_at/_airbyte_emitted_at
-- lacks: rows from before the stream's start date
--
-- Who was removed and added again has two rows: the one that is not deleted counts.
select distinct on (opportunityid, contactid)
    opportunityid,
    contactid,
    isprimary,
    coalesce(isdeleted = 'true', false) as _is_deleted
from opportunitycontactrole
order by opportunityid, contactid, coalesce(isdeleted = 'true', false)
