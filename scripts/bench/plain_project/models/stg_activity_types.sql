select
    id as activity_type_id,
    type as activity_type,
    name as activity_type_name,
    active as is_active
from {{ source('pipedrive', 'activity_types') }}
where not _is_deleted
