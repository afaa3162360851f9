-- mode: full, optional. Every sync brings all types.
-- needs activity_types: id, name, key_string
-- takes activity_types: active_flag
-- newest of activity_types: id by _airbyte_extracted_at/_airbyte_emitted_at
-- lacks: nothing
select
    id,
    name,
    coalesce(active_flag, 'true') as active,
    key_string as type
from activity_types
