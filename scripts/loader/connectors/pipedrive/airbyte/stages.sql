-- mode: delta, optional. A sync that starts anew holds the stages that changed in the last 30 days alone.
-- needs stages: id, name
-- takes stages: pipeline_id, order_nr, deal_probability, rotten_days/days_to_rotten, active_flag, is_deleted
-- newest of stages: id by _airbyte_extracted_at/_airbyte_emitted_at
-- lacks: stages that did not change in the 30 days before the first sync
select
    id as stage_id,
    name as stage_name,
    pipeline_id,
    order_nr,
    deal_probability,
    rotten_days,
    nullif(coalesce(is_deleted = 'true', false) or coalesce(active_flag = 'false', false), false) as is_deleted
from stages
