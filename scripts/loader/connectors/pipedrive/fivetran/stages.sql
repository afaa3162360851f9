-- mode: delta, optional. Fivetran removes no row, it marks what is deleted; a new sync may hold the last 30 days alone.
-- needs stage: id, name
-- takes stage: pipeline_id, order_nr, deal_probability, rotten_days/days_to_rotten, active_flag, is_deleted, _fivetran_deleted
-- lacks: nothing
select
    id as stage_id,
    name as stage_name,
    pipeline_id,
    order_nr,
    deal_probability,
    rotten_days,
    nullif(coalesce('true' in (_fivetran_deleted, is_deleted), false) or coalesce(active_flag = 'false', false), false) as is_deleted
from stage
order by length(id), id
