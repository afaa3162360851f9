-- mode: delta, optional. A target for Singer adds rows and changes them, but removes none that the CRM no longer has.
-- needs stages: id, name
-- takes stages: pipeline_id, order_nr, deal_probability, rotten_days/days_to_rotten, active_flag, is_deleted
-- newest of stages: id by _sdc_sequence/_sdc_batched_at
-- lacks: some deletions
select
    id as stage_id,
    name as stage_name,
    pipeline_id,
    order_nr,
    deal_probability,
    rotten_days,
    coalesce(is_deleted = 'true', false) or coalesce(active_flag = 'false', false) as _is_deleted
from stages
