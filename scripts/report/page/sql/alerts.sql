-- An alert of a whole CRM stands beside each of its pipelines.
select
    alerts.crm_source as crm,
    to_char(alerts.month, 'YYYY-MM') as month,
    pipelines.pipeline_id,
    alerts.metric,
    coalesce(stages.stage_name, steps.kpi_name) as stage,
    round(alerts.value, 6) as value,
    round(alerts.threshold, 6) as threshold,
    alerts.severity,
    alerts.insight,
    alerts.recommendation
from rep_sales_funnel_alerts as alerts
inner join dim_pipelines as pipelines
    on
        alerts.crm_source = pipelines.crm_source
        and alerts.pipeline_id in (pipelines.pipeline_id, 'All')
left join dim_stages as stages
    on
        alerts.crm_source = stages.crm_source
        and alerts.stage_id = stages.stage_id
left join dim_funnel_steps as steps
    on
        alerts.crm_source = steps.crm_source
        and alerts.pipeline_id = steps.pipeline_id
        and alerts.funnel_step = steps.funnel_step
order by
    alerts.month desc, alerts.crm_source asc, pipelines.pipeline_id asc,
    array_position(array['critical', 'high', 'warning', 'medium', 'low'], alerts.severity) asc, alerts.metric asc,
    alerts.stage_id asc, alerts.funnel_step asc
