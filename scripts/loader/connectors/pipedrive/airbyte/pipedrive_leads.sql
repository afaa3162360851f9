-- mode: delta, optional. Pipedrive deletes a lead that becomes a deal, and it came in all the same.
-- needs leads: id, add_time
-- takes leads: source_name, owner_id, person_id, organization_id, is_archived
-- newest of leads: id by _airbyte_extracted_at/_airbyte_emitted_at
-- lacks: leads that became a deal before the first sync; archived ones
select
    id,
    source_name,
    owner_id,
    person_id,
    organization_id,
    is_archived,
    add_time
from leads
