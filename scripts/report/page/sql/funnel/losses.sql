select
    crm_source as crm,
    to_char(month, 'YYYY-MM') as month,
    pipeline_id,
    owner_id as owner,
    lost_reason as reason,
    stage_id,
    sum(losses_count)::bigint as losses
from rep_lost_deals_monthly
group by crm_source, month, pipeline_id, owner_id, lost_reason, stage_id
order by crm_source, month, pipeline_id, owner_id, lost_reason, stage_id
