-- Grain: one row per deal, pipeline and stage step that the deal reached, by entering it or any later one.
-- Incremental: watermark = newest _loaded_at held; key = deal_key. Late, corrected and deleted rows replace all steps
-- of the deal; a deal without stage entries disappears.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_deals',
        meta={'distribute_by': 'deal_key'},
        pre_hook="{{ collect_changed_deals() }}",
        indexes=[{'columns': ['_loaded_at']}],
    )
}}

with all_events as (
    select * from {{ ref('fct_funnel_events') }}
    {{ only_changed_deals() }}
),

events as (
    select *
    from all_events
    where event_type = 'stage'
),

owners as (
    select * from {{ ref('dim_deal_owner_history') }}
    {{ only_changed_deals() }}
),

-- Several stages may be one step.
steps as (
    select
        crm_source,
        pipeline_id,
        funnel_step,
        min(step_order) as step_order
    from {{ ref('int_funnel_steps') }}
    where event_type = 'stage'
    group by crm_source, pipeline_id, funnel_step
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

reached as (
    select
        *,
        min(reached_at) over (partition by deal_key, pipeline_id) as cohort_at,
        lead(reached_at) over (partition by deal_key, pipeline_id order by step_order) as next_reached_at
    from entries
),

final as (
    select
        reached.deal_key,
        reached.crm_source,
        reached.deal_id,
        reached.pipeline_id,
        reached.funnel_step,
        coalesce(owners.owner_id, 'Unknown') as owner_id,
        {{ cut_month('reached.cohort_at') }} as cohort_month,
        reached.reached_at,
        reached.entered_at,
        coalesce(reached.entered_at != reached.reached_at, true) as is_implied,
        reached.entries_count,
        {{ count_days('reached.cohort_at', 'reached.reached_at') }} as days_to_reach,
        -- A case without else loses the scale, which the contract compares.
        (
            case
                when reached.next_reached_at >= reached.entered_at
                    then {{ count_days('reached.entered_at', 'reached.next_reached_at') }}
            end
        )::numeric(18, 6) as days_to_next_step,
        greatest(reached._loaded_at, owners._loaded_at) as _loaded_at
    from reached
    {{ join_owner_at('reached', 'cohort_at') }}
)

select * from final
