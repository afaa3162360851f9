-- Flows of the whole pipeline (scope "all"): start and end of consecutive months meet, so a range needs no more.
select
    crm_source as crm,
    to_char(period, 'YYYY-MM') as month,
    round(start_amount, 2) as start_amount,
    round(new_amount, 2) as new,
    round(reopened_amount, 2) as reopened,
    round(increased_amount, 2) as increased,
    round(decreased_amount, 2) as decreased,
    round(won_amount, 2) as won,
    round(lost_amount, 2) as lost,
    round(end_amount, 2) as end_amount
from rep_pipeline_waterfall
where scope = 'all' and period_type = 'month'
order by crm_source, period
