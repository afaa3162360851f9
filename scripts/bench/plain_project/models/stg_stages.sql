select
    stage_id,
    stage_name
from {{ source('pipedrive', 'stages') }}
where not _is_deleted
