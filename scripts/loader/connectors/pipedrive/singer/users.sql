-- mode: delta, optional. A target for Singer adds rows and changes them, but removes none that the CRM no longer has.
-- needs users: id, name
-- takes users: email, modified, active_flag
-- newest of users: id by _sdc_sequence/_sdc_batched_at
-- lacks: deletions
select
    id,
    name,
    email,
    modified,
    active_flag
from users
