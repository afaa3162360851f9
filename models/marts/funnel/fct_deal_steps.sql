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

entered as (
    select
        events.deal_key,
        events.crm_source,
        events.deal_id,
        events.pipeline_id,
        events.funnel_step,
        steps.step_order,
        min(events.occurred_at) as entered_at,
        count(*) as entries_count,
        max(events._loaded_at) as _loaded_at
    from events
    inner join steps
        on
            events.crm_source = steps.crm_source
            and events.pipeline_id = steps.pipeline_id
            and events.funnel_step = steps.funnel_step
    group by events.deal_key, events.crm_source, events.deal_id, events.pipeline_id, events.funnel_step, steps.step_order
),

deals as (
    select
        deal_key,
        crm_source,
        deal_id,
        pipeline_id,
        max(step_order) as last_step_order
    from entered
    group by deal_key, crm_source, deal_id, pipeline_id
),

-- A step that was skipped has no event of its own, so every step up to the last one gets a row: the deal reached it when it entered
-- it or a later one.
entries as (
    select
        deals.deal_key,
        deals.crm_source,
        deals.deal_id,
        deals.pipeline_id,
        steps.funnel_step,
        steps.step_order,
        entered.entered_at,
        coalesce(entered.entries_count, 0) as entries_count,
        min(entered.entered_at) over this_and_later as reached_at,
        max(entered._loaded_at) over this_and_later as _loaded_at
    from deals
    inner join steps
        on
            deals.crm_source = steps.crm_source
            and deals.pipeline_id = steps.pipeline_id
            and deals.last_step_order >= steps.step_order
    left join entered
        on
            deals.deal_key = entered.deal_key
            and deals.pipeline_id = entered.pipeline_id
            and steps.funnel_step = entered.funnel_step
    window this_and_later as (partition by deals.deal_key, deals.pipeline_id order by steps.step_order desc)
),

reached as (
    select
        *,
        min(reached_at) over (partition by deal_key, pipeline_id) as cohort_at,
        lag(reached_at) over (partition by deal_key, pipeline_id order by step_order desc) as next_reached_at
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
