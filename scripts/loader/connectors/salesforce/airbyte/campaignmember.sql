-- mode: delta, optional. A stream has a start date: what lies before it is missing, not deleted.
-- needs campaignmember: id, campaignid, createddate
-- takes campaignmember: leadid, contactid, hasresponded, firstrespondeddate, isdeleted
-- newest of campaignmember: id by _airbyte_extracted_at/_airbyte_emitted_at
-- lacks: rows from before the stream's start date
--
-- Who was removed and added again has two rows: the one that is not deleted counts.
select distinct on (campaignid, leadid, contactid)
    campaignid,
    createddate,
    leadid,
    contactid,
    hasresponded,
    left(firstrespondeddate, 10) as firstrespondeddate,
    coalesce(isdeleted = 'true', false) as _is_deleted
from campaignmember
order by campaignid, leadid, contactid, coalesce(isdeleted = 'true', false)
