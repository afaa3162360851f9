-- mode: delta, optional. A sync that starts anew holds the users that changed in the last 30 days alone.
-- needs users: id, name
-- takes users: email, modified, active_flag
-- newest of users: id by _airbyte_extracted_at/_airbyte_emitted_at
-- lacks: users that did not change in the 30 days before the first sync; deletions
select
    id,
    name,
    email,
    modified,
    active_flag
from users
