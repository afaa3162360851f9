-- The open pipeline at each month end (at as_of in the running month).
select
    crm_source as crm,
    to_char(snapshot_date, 'YYYY-MM') as month,
    owner_id as owner,
    sum(open_count)::bigint as deals,
    round(sum(open_amount), 2) as amount,
    round(sum(weighted_amount), 2) as weighted,
    sum(overdue_count)::bigint as overdue
from rep_pipeline_monthly
group by crm_source, snapshot_date, owner_id
order by crm_source, snapshot_date, owner_id
