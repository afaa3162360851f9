-- Won and lost by quarter of closing and owner: the parts of every win rate.
select
    crm_source as crm,
    to_char(quarter, 'YYYY-MM') as quarter,
    is_complete,
    member_id as owner,
    won_count as won,
    lost_count as lost,
    round(won_amount, 2) as won_amount
from rep_win_rate_trend
where dimension = 'owner' and won_count + lost_count > 0
order by crm_source, quarter, member_id
