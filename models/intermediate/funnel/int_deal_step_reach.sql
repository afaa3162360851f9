-- Grain: one row per deal, pipeline and stage step that the deal reached: it entered the step or any later one.
with events as (
    select * from {{ ref('int_funnel_events') }}
    where event_type = 'stage'
),

steps as (
    select distinct
        crm_source,
        pipeline_id,
        funnel_step,
        step_order
    from {{ ref('int_funnel_steps') }}
    where event_type = 'stage'
),

-- Materialized, so that the planner hashes these few rows instead of reading all events once for each of them.
implied_steps as materialized (
    select
        entered_steps.crm_source,
        entered_steps.pipeline_id,
        entered_steps.funnel_step as entered_step,
        steps.funnel_step,
        steps.step_order
    from steps as entered_steps
    inner join steps
        on
            entered_steps.crm_source = steps.crm_source
            and entered_steps.pipeline_id = steps.pipeline_id
            and entered_steps.step_order >= steps.step_order
),

-- A step that was skipped has no event of its own, so every step gets a row and the later entries imply it.
entries as (
    select
        events.deal_key,
        events.crm_source,
        events.deal_id,
        events.pipeline_id,
        implied_steps.funnel_step,
        implied_steps.step_order,
        min(events.occurred_at) as reached_at,
        min(events.occurred_at) filter (where events.funnel_step = implied_steps.funnel_step) as entered_at,
        count(*) filter (where events.funnel_step = implied_steps.funnel_step) as entries_count,
        max(events._loaded_at) as _loaded_at
    from events
    inner join implied_steps
        on
            events.crm_source = implied_steps.crm_source
            and events.pipeline_id = implied_steps.pipeline_id
            and events.funnel_step = implied_steps.entered_step
    group by events.deal_key, events.crm_source, events.deal_id, events.pipeline_id, implied_steps.funnel_step, implied_steps.step_order
),

final as (
    select
        deal_key,
        crm_source,
        deal_id,
        pipeline_id,
        funnel_step,
        step_order,
        entered_at,
        reached_at,
        coalesce(entered_at != reached_at, true) as is_implied,
        min(reached_at) over (partition by deal_key, pipeline_id) as cohort_at,
        lead(reached_at) over (partition by deal_key, pipeline_id order by step_order) as next_reached_at,
        entries_count,
        _loaded_at
    from entries
)

select * from final
