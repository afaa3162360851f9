-- mode: delta, optional. A sync that starts anew holds the deals of the last 30 days alone.
-- needs deals: id
-- takes deals: pipeline_id, stage_id, user_id/owner_id, status, value/value__v_double, currency, probability
-- takes deals: expected_close_date, add_time, update_time, won_time, lost_time, lost_reason, deleted/is_deleted
-- takes deals: org_id, person_id, label/label_ids
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
    case when org_id like '{%' then substring(org_id from '"value": *([0-9]+)') else org_id end as org_id,
    case when person_id like '{%' then substring(person_id from '"value": *([0-9]+)') else person_id end as person_id,
    label,
    coalesce(deleted = 'true', false) or coalesce(status = 'deleted', false) as _is_deleted
from deals
