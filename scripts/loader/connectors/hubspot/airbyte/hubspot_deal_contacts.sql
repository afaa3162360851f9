-- mode: delta, optional. A stream has a start date: what lies before it is missing, not deleted.
-- needs deals: id, contacts
-- newest of deals: id by _airbyte_extracted_at/_airbyte_emitted_at
-- takes contacts: id, properties_lifecyclestage
-- newest of contacts: id by _airbyte_extracted_at/_airbyte_emitted_at
-- lacks: the part that a contact plays in a deal; associations that were taken back
select distinct
    deals.id as deal_id,
    contact.id as contact_id,
    contacts.properties_lifecyclestage as lifecyclestage
from deals
cross join lateral json_array_elements_text(deals.contacts::json) as contact (id)
left join contacts
    on contact.id = contacts.id
