-- What the filter "pipeline" offers: every CRM's pipelines that hold funnel entries, the default one first.
select
    pipelines.crm_source || ':' || pipelines.pipeline_id as pipeline,
    pipelines.crm_source as crm,
    pipelines.pipeline_id,
    pipelines.pipeline_name as label,
    pipelines.is_default
from dim_pipelines as pipelines
where exists (
    select 1
    from rep_sales_funnel_by_owner_monthly as entries
    where
        entries.crm_source = pipelines.crm_source
        and entries.pipeline_id = pipelines.pipeline_id
)
order by bool_or(pipelines.is_default) over (partition by pipelines.crm_source) desc, crm asc, pipelines.is_default desc, label asc, pipeline asc
