-- All events of a step give it the same place, and no other step of the pipeline has that.
with steps as (
    select * from {{ ref('stg_settings__funnel_steps') }}
)

select
    crm_source,
    pipeline_id,
    min(funnel_step) as funnel_step,
    min(step_order) as step_order
from steps
group by crm_source, pipeline_id, funnel_step
having count(distinct step_order) > 1
union all
select
    crm_source,
    pipeline_id,
    min(funnel_step) as funnel_step,
    min(step_order) as step_order
from steps
group by crm_source, pipeline_id, step_order
having count(distinct funnel_step) > 1
