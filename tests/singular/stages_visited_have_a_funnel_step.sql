-- Deals in a stage that the seed funnel_steps does not know are missing from every funnel report. One row per stage.
{{ config(severity='warn', fail_calc='coalesce(sum(failing_rows), 0)') }}
with visits as (
    select * from {{ ref('fct_deal_stage_history') }}
),

steps as (
    select * from {{ ref('dim_funnel_steps') }}
),

tested as (
    select count(*) as tested_rows
    from visits
)

select
    visits.stage_id,
    count(*) as failing_rows,
    max(tested.tested_rows) as tested_rows
from visits
cross join tested
left join steps
    on
        steps.event_type = 'stage'
        and visits.stage_id::text = steps.source_value
where steps.funnel_step is null
group by visits.stage_id
