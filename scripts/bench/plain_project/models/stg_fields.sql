select
    id as field_id,
    field_key,
    name as field_name
from {{ source('pipedrive', 'fields') }}
where not _is_deleted
