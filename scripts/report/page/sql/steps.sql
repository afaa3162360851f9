select
    pipeline_id,
    funnel_step as step,
    kpi_name as name,
    event_type,
    previous_step
from dim_funnel_steps
order by pipeline_id, step_order
