-- Grain: one row per CRM, pipeline and call step.
with call_steps as (
    select * from {{ ref('dim_funnel_steps') }}
    where event_type = 'activity'
),

-- Several activity types may be one step.
call_types as (
    select * from {{ ref('int_funnel_steps') }}
    where event_type = 'activity'
),

stages as (
    select * from {{ ref('dim_stages') }}
),

visits as (
    select * from {{ ref('fct_deal_stage_history') }}
    where exited_at is not null
),

events as (
    select * from {{ ref('fct_funnel_events') }}
),

deals as (
    select * from {{ ref('dim_deals') }}
),

-- Calls without a known time are no events of the funnel; they belong to the deal's pipeline, as calls do.
undated_activities as (
    select * from {{ ref('fct_activities') }}
    where
        is_completed
        and completed_at is null
),

completed_calls as (
    select
        events.deal_key,
        events.crm_source,
        events.pipeline_id,
        events.funnel_step,
        events.occurred_at
    from events
    inner join call_steps
        on
            events.crm_source = call_steps.crm_source
            and events.pipeline_id = call_steps.pipeline_id
            and events.funnel_step = call_steps.funnel_step
    union all
    select
        deals.deal_key,
        deals.crm_source,
        call_types.pipeline_id,
        call_types.funnel_step,
        null as occurred_at
    from undated_activities
    inner join deals on undated_activities.deal_key = deals.deal_key
    inner join call_types
        on
            deals.crm_source = call_types.crm_source
            and deals.pipeline_id = call_types.pipeline_id
            and undated_activities.activity_type = call_types.source_value
    where deals.status <> 'deleted'
),

calls as (
    select
        completed_calls.deal_key,
        completed_calls.crm_source,
        completed_calls.pipeline_id,
        completed_calls.funnel_step,
        min(completed_calls.occurred_at) as first_called_at,
        count(*) as calls_count,
        count(*) filter (where completed_calls.occurred_at is null) as undated_calls_count,
        bool_or(deals.is_in_log) as is_in_log
    from completed_calls
    left join deals on completed_calls.deal_key = deals.deal_key
    group by completed_calls.deal_key, completed_calls.crm_source, completed_calls.pipeline_id, completed_calls.funnel_step
),

departures as (
    select
        visits.deal_key,
        call_steps.crm_source,
        call_steps.pipeline_id,
        call_steps.funnel_step,
        min(visits.exited_at) as first_left_at
    from visits
    inner join stages
        on
            visits.crm_source = stages.crm_source
            and visits.stage_id = stages.stage_id
    inner join call_steps
        on
            stages.crm_source = call_steps.crm_source
            and stages.pipeline_id = call_steps.pipeline_id
            and stages.funnel_step = call_steps.parent_step
    group by visits.deal_key, call_steps.crm_source, call_steps.pipeline_id, call_steps.funnel_step
),

timed as (
    select
        departures.crm_source,
        departures.pipeline_id,
        departures.funnel_step,
        count(*) as deals_left_count,
        count(*) filter (where calls.first_called_at <= departures.first_left_at) as called_before_count,
        count(*) filter (where calls.first_called_at > departures.first_left_at) as called_after_count,
        count(*) filter (where calls.undated_calls_count > 0 and calls.first_called_at is null) as called_undated_count,
        count(*) filter (where calls.deal_key is null) as never_called_count
    from departures
    left join calls
        on
            departures.deal_key = calls.deal_key
            and departures.pipeline_id = calls.pipeline_id
            and departures.funnel_step = calls.funnel_step
    group by departures.crm_source, departures.pipeline_id, departures.funnel_step
),

made as (
    select
        crm_source,
        pipeline_id,
        funnel_step,
        sum(calls_count) as calls_count,
        sum(undated_calls_count) as undated_calls_count,
        sum(calls_count) filter (where is_in_log is not true) as calls_without_deal_count
    from calls
    group by crm_source, pipeline_id, funnel_step
),

final as (
    select
        call_steps.crm_source,
        call_steps.pipeline_id,
        call_steps.funnel_step,
        call_steps.kpi_name,
        call_steps.parent_step,
        coalesce(timed.deals_left_count, 0) as deals_left_count,
        coalesce(timed.called_before_count, 0) as called_before_count,
        coalesce(timed.called_after_count, 0) as called_after_count,
        coalesce(timed.called_undated_count, 0) as called_undated_count,
        coalesce(timed.never_called_count, 0) as never_called_count,
        {{ divide('timed.called_before_count', 'timed.deals_left_count') }} as called_before_share,
        coalesce(made.calls_count, 0)::bigint as calls_count,
        coalesce(made.undated_calls_count, 0)::bigint as undated_calls_count,
        coalesce(made.calls_without_deal_count, 0)::bigint as calls_without_deal_count
    from call_steps
    left join timed
        on
            call_steps.crm_source = timed.crm_source
            and call_steps.pipeline_id = timed.pipeline_id
            and call_steps.funnel_step = timed.funnel_step
    left join made
        on
            call_steps.crm_source = made.crm_source
            and call_steps.pipeline_id = made.pipeline_id
            and call_steps.funnel_step = made.funnel_step
)

select * from final
