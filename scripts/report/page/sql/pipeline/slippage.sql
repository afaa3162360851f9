-- What became of the deals that were due in a quarter when it began; each has exactly one outcome.
select
    crm_source as crm,
    to_char(quarter, 'YYYY-MM') as quarter,
    bool_and(is_complete) as is_complete,
    owner_id as owner,
    sum(cohort_count)::bigint as due,
    sum(won_count)::bigint as won,
    sum(lost_count)::bigint as lost,
    sum(slipped_count)::bigint as slipped,
    sum(pulled_count)::bigint as pulled,
    sum(overdue_count)::bigint as overdue
from rep_slippage_quarterly
group by crm_source, quarter, owner_id
order by crm_source, quarter, owner_id
