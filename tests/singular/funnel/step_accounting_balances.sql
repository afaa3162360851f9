-- Per stage with a funnel step: the entries among funnel events = the visits that moved forward, skipped ahead, moved
-- back, were lost, won or deleted, or are still there.
with events as (
    select * from {{ ref('fct_funnel_events') }}
),

visits as (
    select * from {{ ref('fct_deal_stage_history') }}
),

steps as (
    select * from {{ ref('dim_funnel_steps') }}
    where event_type = 'stage'
),

entered as (
    select
        steps.source_value::bigint as stage_id,
        count(*) as entries_count
    from events
    inner join steps
        on
            events.pipeline_id = steps.pipeline_id
            and events.funnel_step = steps.funnel_step
    group by steps.source_value
),

accounted as (
    select
        stage_id,
        count(*) filter (where moved in ('forward', 'skipped', 'backward', 'transferred', 'lost', 'won', 'deleted', 'open')) as accounted_count
    from visits
    group by stage_id
)

select
    steps.pipeline_id,
    steps.funnel_step,
    coalesce(entered.entries_count, 0) as entries_count,
    coalesce(accounted.accounted_count, 0) as accounted_count
from steps
left join entered on steps.source_value::bigint = entered.stage_id
left join accounted on steps.source_value::bigint = accounted.stage_id
where coalesce(entered.entries_count, 0) <> coalesce(accounted.accounted_count, 0)
