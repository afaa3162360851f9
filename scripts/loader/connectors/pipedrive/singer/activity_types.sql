-- mode: delta, optional. A target for Singer adds rows and changes them, but removes none that the CRM no longer has.
-- needs activity_types: id, name, key_string
-- takes activity_types: active_flag
-- newest of activity_types: id by _sdc_sequence/_sdc_batched_at
-- lacks: deletions
select
    id,
    name,
    coalesce(active_flag, 'true') as active,
    key_string as type
from activity_types
