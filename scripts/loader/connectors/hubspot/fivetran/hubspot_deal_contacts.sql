-- mode: full, optional. The table holds the associations of today.
-- needs deal_contact: deal_id, contact_id
-- takes contact: id, property_lifecyclestage
-- lacks: the part that a contact plays in a deal
select distinct
    deal_contact.deal_id,
    deal_contact.contact_id,
    contact.property_lifecyclestage as lifecyclestage
from deal_contact
left join contact
    on deal_contact.contact_id = contact.id
