select
    activity_id,
    deal_id,
    assigned_to_user as user_id,
    type as activity_type,
    done as is_done,
    due_to at time zone 'UTC' as due_at
from {{ source('pipedrive', 'activity') }}
where not _is_deleted
