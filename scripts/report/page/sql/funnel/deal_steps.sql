-- How far each deal got in a pipeline: the month in which it began there, and the last of the stage steps that it reached.
select
    reached.crm_source as crm,
    reached.pipeline_id,
    reached.deal_id as deal,
    to_char(max(reached.cohort_month), 'YYYY-MM') as month,
    max(reached.owner_id) as owner,
    (array_agg(reached.funnel_step order by steps.step_order desc))[1] as step
from fct_deal_steps as reached
inner join dim_funnel_steps as steps
    on
        reached.crm_source = steps.crm_source
        and reached.pipeline_id = steps.pipeline_id
        and reached.funnel_step = steps.funnel_step
group by reached.crm_source, reached.pipeline_id, reached.deal_id
order by reached.crm_source, reached.pipeline_id, reached.deal_id
