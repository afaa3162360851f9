select
    crm_source as crm,
    pipeline_id,
    funnel_step as step,
    kpi_name as name,
    event_type
from dim_funnel_steps
order by crm_source, pipeline_id, step_order
