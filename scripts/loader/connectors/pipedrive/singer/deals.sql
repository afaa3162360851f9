-- mode: delta, optional. A target for Singer adds rows and changes them, but removes none that the CRM no longer has.
-- needs deals: id
-- takes deals: pipeline_id, stage_id, status, currency
-- takes deals: add_time, update_time, won_time, lost_time, lost_reason, deleted/is_deleted
-- takes deals: org_id, person_id, label/label_ids
-- newest of deals: id by _sdc_sequence/_sdc_batched_at
-- lacks: owners, values, expected close dates and probabilities, with which a log of stages alone cannot be compared; some deletions
select
    id,
    pipeline_id,
    stage_id,
    status,
    currency,
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
