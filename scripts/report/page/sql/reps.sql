select
    to_char(month, 'YYYY-MM') as month,
    coalesce(nullif(user_id, 0)::text, 'Unknown') as owner,
    sales_call_1_completed as call_1,
    sales_call_2_completed as call_2,
    other_activities as other,
    stage_entries as entries,
    deals_started as started,
    wins,
    losses
from rep_sales_rep_performance_monthly
where activities_completed + stage_entries + deals_started + wins + losses > 0
order by month, user_id
