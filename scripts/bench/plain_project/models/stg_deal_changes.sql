select
    deal_id,
    changed_field_key as field_key,
    new_value,
    change_time at time zone 'UTC' as changed_at,
    _row_number as log_position
from {{ source('pipedrive', 'deal_changes') }}
where not _is_deleted
