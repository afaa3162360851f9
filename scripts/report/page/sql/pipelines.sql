-- What the filter "pipeline" offers: every CRM's pipelines, the default one first; of a funnel those that hold entries (data.js).
select
    pipelines.crm_source || ':' || pipelines.pipeline_id as pipeline,
    pipelines.crm_source as crm,
    pipelines.pipeline_id,
    pipelines.pipeline_name as label,
    pipelines.is_default
from dim_pipelines as pipelines
order by bool_or(pipelines.is_default) over (partition by pipelines.crm_source) desc, crm asc, pipelines.is_default desc, label asc, pipeline asc
