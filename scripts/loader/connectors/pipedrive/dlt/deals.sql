-- mode: delta, optional. A pipeline that starts anew holds the deals of the last 30 days alone.
-- needs deals: id
-- takes deals: pipeline_id, stage_id, user_id/owner_id, status, value, currency, probability, expected_close_date, value__v_double
-- takes deals: add_time, update_time, won_time, lost_time, lost_reason, deleted/is_deleted
-- takes deals: org_id, person_id, label/label_ids
-- newest of deals: id by _dlt_load_id
-- lacks: deals that did not change in the 30 days before the first run
select
    id,
    pipeline_id,
    stage_id,
    user_id as owner_id,
    status,
    coalesce(value__v_double, value) as value,
    currency,
    probability,
    expected_close_date,
    add_time,
    update_time,
    won_time,
    lost_time,
    lost_reason,
    org_id,
    person_id,
    label,
    coalesce(deleted = 'true', false) or coalesce(status = 'deleted', false) as _is_deleted
from deals
