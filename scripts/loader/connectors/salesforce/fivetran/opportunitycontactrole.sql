-- mode: full, optional. The first sync brings every row, and Fivetran removes none: it marks what is deleted.
-- needs opportunity_contact_role: id, opportunity_id/opportunityid, contact_id/contactid
-- takes opportunity_contact_role: is_primary/isprimary, is_deleted/isdeleted, _fivetran_deleted
-- newest of opportunity_contact_role: id by _fivetran_start
-- lacks: nothing
--
-- Who was removed and added again has two rows: the one that is not deleted counts.
select distinct on (opportunity_id, contact_id)
    opportunity_id as opportunityid,
    contact_id as contactid,
    is_primary as isprimary,
    coalesce('true' in (is_deleted, _fivetran_deleted), false) as _is_deleted
from opportunity_contact_role
order by opportunity_id, contact_id, coalesce('true' in (is_deleted, _fivetran_deleted), false)
