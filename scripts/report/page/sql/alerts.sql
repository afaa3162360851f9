select
    to_char(alerts.month, 'YYYY-MM') as month,
    alerts.pipeline_id,
    alerts.metric,
    stages.stage_name as stage,
    round(alerts.value, 6) as value,
    alerts.direction,
    round(alerts.threshold, 6) as threshold,
    alerts.severity
from rep_sales_funnel_alerts as alerts
left join dim_stages as stages on alerts.stage_id = stages.stage_id and alerts.pipeline_id = stages.pipeline_id
order by alerts.month desc, alerts.pipeline_id asc, alerts.severity asc, alerts.metric asc, alerts.stage_id asc
