-- mode: delta, optional. A sync that starts anew holds the deals of the last 30 days alone.
-- needs deals: id
-- takes deals: pipeline_id, stage_id, user_id/owner_id, status, value, currency, probability, expected_close_date
-- takes deals: add_time, update_time, won_time, lost_time, lost_reason, deleted/is_deleted
-- newest of deals: id by _airbyte_extracted_at/_airbyte_emitted_at
-- lacks: deals that did not change in the 30 days before the first sync
select
    id,
    pipeline_id,
    stage_id,
    user_id as owner_id,
    status,
    value,
    currency,
    probability,
    expected_close_date,
    add_time,
    update_time,
    won_time,
    lost_time,
    lost_reason,
    coalesce(deleted = 'true', false) or coalesce(status = 'deleted', false) as _is_deleted
from deals
