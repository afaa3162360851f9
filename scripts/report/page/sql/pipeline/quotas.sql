-- At each month end, of the fiscal quarter that it lies in: the quota, and the open pipeline that is due in it.
select
    crm_source as crm,
    to_char(snapshot_date, 'YYYY-MM') as month,
    owner_id as owner,
    round(quota, 2) as quota,
    round(open_amount, 2) as due
from rep_pipeline_coverage
where
    snapshot_date >= quarter
    and snapshot_date < quarter + interval '3 months'
    and (quota is not null or open_amount <> 0)
order by crm_source, snapshot_date, owner_id
