-- Per stage step: the entries among funnel events = the visits that moved forward, skipped ahead, moved back, were transferred,
-- lost, won or deleted, or are still there.
with events as (
    select * from {{ ref('fct_funnel_events') }}
),

visits as (
    select * from {{ ref('fct_deal_stage_history') }}
),

steps as (
    select * from {{ ref('int_funnel_steps') }}
    where event_type = 'stage'
),

entered as (
    select
        crm_source,
        pipeline_id,
        funnel_step,
        count(*) as entries_count
    from events
    group by crm_source, pipeline_id, funnel_step
),

accounted as (
    select
        steps.crm_source,
        steps.pipeline_id,
        steps.funnel_step,
        count(*) filter (where visits.moved in ('forward', 'skipped', 'backward', 'transferred', 'lost', 'won', 'deleted', 'open')) as accounted_count
    from steps
    left join visits
        on
            steps.crm_source = visits.crm_source
            and steps.source_value = visits.stage_id
    group by steps.crm_source, steps.pipeline_id, steps.funnel_step
)

select
    accounted.*,
    coalesce(entered.entries_count, 0) as entries_count
from accounted
left join entered
    on
        accounted.crm_source = entered.crm_source
        and accounted.pipeline_id = entered.pipeline_id
        and accounted.funnel_step = entered.funnel_step
where coalesce(entered.entries_count, 0) <> accounted.accounted_count
