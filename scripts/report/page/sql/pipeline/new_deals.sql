select
    crm_source as crm,
    to_char(month, 'YYYY-MM') as month,
    created_count as created,
    won_count as won,
    lost_count as lost,
    open_count as open
from rep_deal_cohorts
order by crm_source, month
