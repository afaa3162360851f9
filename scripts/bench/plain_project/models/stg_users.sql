select
    id as user_id,
    name as user_name,
    email
from {{ source('pipedrive', 'users') }}
where not _is_deleted
