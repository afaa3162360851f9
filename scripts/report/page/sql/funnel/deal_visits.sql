-- The deals of the data set visits, and of the stage entries and the deals started of reps.
select
    crm_source as crm,
    deal_id as deal,
    pipeline_id,
    to_char(entered_month, 'YYYY-MM') as month,
    owner_id as owner,
    stage_id,
    case when moved = 'skipped' then 'forward' else moved end as became,
    case when entered_by <> 'stage_change' then 'reopened' when visit_number = 1 then 'started' else 'entered' end as entry
from fct_deal_stage_history
order by crm_source, deal_id, visit_number
