-- What became of the entries to a stage, by month of entry, and the days that the ended ones took.
select
    crm_source as crm,
    to_char(month, 'YYYY-MM') as month,
    pipeline_id,
    owner_id as owner,
    stage_id,
    case when moved = 'skipped' then 'forward' else moved end as became,
    sum(visits_count)::bigint as visits,
    round(sum(days_in_stage), 4) as days
from rep_stage_transitions_monthly
group by crm_source, month, pipeline_id, owner_id, stage_id, became
order by crm_source, month, pipeline_id, owner_id, stage_id, became
