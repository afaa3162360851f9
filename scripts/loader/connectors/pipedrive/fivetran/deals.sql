-- mode: delta, optional. What Fivetran no longer holds, after a re-sync say, is no less true.
-- needs deal_history: id/deal_id, _fivetran_start
-- takes deal_history: _fivetran_active, pipeline_id, stage_id, user_id/owner_id, status, value, currency, probability
-- takes deal_history: expected_close_date, add_time, update_time, won_time, lost_time, lost_reason, deleted/is_deleted
-- takes deal_history: org_id, person_id, label/label_ids
-- lacks: nothing
--
-- The newest version of each deal. One without a current version was deleted.
with versions as (
    select
        *,
        row_number() over (partition by id order by _fivetran_start desc) = 1 as is_last
    from deal_history
)

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
    org_id,
    person_id,
    label,
    coalesce(deleted = 'true', false) or coalesce(status = 'deleted', false) or coalesce(_fivetran_active = 'false', false) as _is_deleted
from versions
where is_last
