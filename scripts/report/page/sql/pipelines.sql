-- What the filter "pipeline" offers: Pipedrive's pipelines that hold funnel entries, and every other CRM as a whole.
select
    'pipedrive:' || pipeline_id as pipeline,
    'pipedrive' as crm,
    pipeline_id,
    pipeline_name as label,
    is_default
from dim_pipelines
where pipeline_id in (select pipeline_id from rep_sales_funnel_by_owner_monthly)
union all
select distinct
    crm_source || ':' as pipeline,
    crm_source as crm,
    null::bigint as pipeline_id,
    'all deals' as label,
    false as is_default
from rep_deal_cohorts
where crm_source <> 'pipedrive'
order by crm asc, is_default desc, label asc, pipeline asc
