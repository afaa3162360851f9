-- NULL is what the CRM's exports do not tell.
select
    crm_source as crm,
    to_char(month, 'YYYY-MM') as month,
    owner_id as owner,
    sales_call_1_completed as call_1,
    sales_call_2_completed as call_2,
    other_activities as other,
    stage_entries as entries,
    deals_started as started,
    wins,
    losses
from rep_sales_rep_performance_monthly
where coalesce(activities_completed, 0) + stage_entries + coalesce(wins, 0) + coalesce(losses, 0) > 0
order by crm_source, month, owner_id
