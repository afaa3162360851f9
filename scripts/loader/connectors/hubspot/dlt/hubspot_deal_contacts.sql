-- mode: delta, optional. A run merges into the table: what is gone in HubSpot may stay.
-- needs contacts__deals: value, deals_id
-- takes contacts: id, lifecyclestage
-- newest of contacts: id by _dlt_load_id
-- lacks: the part that a contact plays in a deal; associations that were taken back
select distinct
    contacts__deals.deals_id as deal_id,
    contacts__deals.value as contact_id,
    contacts.lifecyclestage
from contacts__deals
left join contacts
    on contacts__deals.value = contacts.id
