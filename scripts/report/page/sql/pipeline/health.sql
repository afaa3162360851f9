select
    crm_source as crm,
    to_char(quarter, 'YYYY-MM') as quarter,
    is_complete,
    round(health_score, 1) as score,
    health_status as status,
    win_rate_points,
    overdue_share_points,
    average_amount_points,
    open_count_points
from rep_pipeline_health
order by crm_source, quarter
