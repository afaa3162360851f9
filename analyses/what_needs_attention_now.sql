-- Alerts of the last three months of the data, the worst first.
select
    alerts.month,
    alerts.severity,
    alerts.metric,
    alerts.crm_source,
    coalesce(pipelines.pipeline_name, alerts.pipeline_id) as pipeline_name,
    coalesce(known_stages.stage_name, steps.kpi_name) as stage_or_step,
    round(alerts.value, 3) as alert_value,
    alerts.threshold,
    alerts.insight,
    alerts.recommendation
from {{ ref('rep_sales_funnel_alerts') }} as alerts
left join {{ ref('dim_pipelines') }} as pipelines
    on
        alerts.crm_source = pipelines.crm_source
        and alerts.pipeline_id = pipelines.pipeline_id
left join {{ ref('dim_stages') }} as known_stages
    on
        alerts.crm_source = known_stages.crm_source
        and alerts.stage_id = known_stages.stage_id
left join {{ ref('dim_funnel_steps') }} as steps
    on
        alerts.crm_source = steps.crm_source
        and alerts.pipeline_id = steps.pipeline_id
        and alerts.funnel_step = steps.funnel_step
cross join {{ ref('dim_as_of') }} as as_of
where alerts.month > as_of.as_of_date - interval '3 months'
order by {{ severity_rank('alerts.severity') }} asc, alerts.month desc, alerts.metric asc
