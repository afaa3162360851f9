-- mode: full, optional. The first sync brings every row, and Fivetran removes none: it marks what is deleted.
-- needs campaign_member: id, campaign_id/campaignid, created_date/createddate
-- takes campaign_member: lead_id/leadid, contact_id/contactid, has_responded/hasresponded
-- takes campaign_member: first_responded_date/firstrespondeddate, is_deleted/isdeleted, _fivetran_deleted
-- newest of campaign_member: id by _fivetran_start
-- lacks: nothing
--
-- Who was removed and added again has two rows: the one that is not deleted counts.
select distinct on (campaign_id, lead_id, contact_id)
    campaign_id as campaignid,
    created_date as createddate,
    lead_id as leadid,
    contact_id as contactid,
    has_responded as hasresponded,
    left(first_responded_date, 10) as firstrespondeddate,
    coalesce('true' in (is_deleted, _fivetran_deleted), false) as _is_deleted
from campaign_member
order by campaign_id, lead_id, contact_id, coalesce('true' in (is_deleted, _fivetran_deleted), false)
