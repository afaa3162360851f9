-- Deals in a stage that is no step of its pipeline's funnel are missing from every funnel report. One row per stage.
{{ config(severity='warn', fail_calc='coalesce(sum(failing_rows), 0)') }}
with visits as (
    select * from {{ ref('fct_deal_stage_history') }}
),

stages as (
    select * from {{ ref('dim_stages') }}
    where funnel_step <> 'Unknown'
)

select
    visits.crm_source,
    visits.stage_id,
    count(*) as failing_rows,
    (select count(*) from {{ ref('fct_deal_stage_history') }}) as tested_rows
from visits
left join stages
    on
        visits.crm_source = stages.crm_source
        and visits.stage_id = stages.stage_id
where stages.funnel_step is null
group by visits.crm_source, visits.stage_id
