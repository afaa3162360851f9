select
    to_char(month, 'YYYY-MM') as month,
    pipeline_id,
    coalesce(nullif(owner_id, 0)::text, 'Unknown') as owner,
    lost_reason as reason,
    stage_id,
    sum(losses_count)::bigint as losses
from rep_lost_deals_monthly
group by month, pipeline_id, owner_id, lost_reason, stage_id
order by month, pipeline_id, owner_id, lost_reason, stage_id
