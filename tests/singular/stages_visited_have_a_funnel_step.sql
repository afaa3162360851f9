-- Deals in a stage that the seed funnel_steps does not know are missing from every funnel report. One row per stage.
-- A new stage in the CRM must not stop the pipeline, so it warns; half a funnel of them is a wrong seed.
{{ config(warn_if='> 0', error_if='> 5') }}
with visits as (
    select * from {{ ref('fct_deal_stage_history') }}
),

steps as (
    select * from {{ ref('dim_funnel_steps') }}
)

select
    visits.stage_id,
    count(*) as visits_count
from visits
left join steps
    on
        steps.event_type = 'stage'
        and visits.stage_id::text = steps.source_value
where steps.funnel_step is null
group by visits.stage_id
