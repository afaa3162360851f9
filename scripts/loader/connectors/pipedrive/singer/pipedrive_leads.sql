-- mode: delta, optional. A target for Singer adds rows and changes them, but removes none that the CRM no longer has.
-- needs leads: id, add_time
-- takes leads: source_name, owner_id, person_id, organization_id, is_archived
-- newest of leads: id by _sdc_sequence/_sdc_batched_at
-- lacks: leads that became a deal before the first run
select
    id,
    source_name,
    owner_id,
    person_id,
    organization_id,
    is_archived,
    add_time
from leads
