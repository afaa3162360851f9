-- The published definition once more, without timelines: the earliest matching row of the log per deal and event, counted by
-- month, against the first entries of fct_funnel_events.
with events as (
    select * from {{ ref('int_deal_events') }}
    where
        field in ('created', 'stage', 'pipeline', 'status', 'lost_reason', 'closed_date')
        and value is not null
),

deals as (
    select * from {{ ref('dim_deals') }}
    where status <> 'deleted'
),

steps as (
    select * from {{ ref('int_funnel_steps') }}
),

log_bounds as (
    select
        deal_key,
        min(occurred_at) as first_at,
        max(occurred_at) filter (where field = 'status' and value = 'open') as opened_at,
        bool_or(field = 'status') as has_statuses
    from events
    group by deal_key
),

first_stages as (
    select distinct on (deal_key)
        deal_key,
        nullif(old_value, '') as stage_id
    from events
    where field = 'stage'
    order by deal_key asc, {{ log_order() }}
),

closings as (
    select
        events.deal_key,
        case events.field when 'status' then events.value else 'lost' end as outcome,
        events.occurred_at,
        events.value <> lead(events.value) over deal_statuses
        or (events.field = 'lost_reason' and lead(events.value) over deal_statuses is not null) as is_followed
    from events
    inner join log_bounds on events.deal_key = log_bounds.deal_key
    where events.field = case when log_bounds.has_statuses then 'status' else 'lost_reason' end
    window deal_statuses as (partition by events.deal_key order by {{ log_order() }})
),

-- Where nothing followed a closing, the CRM's own date, logged since the deal was last opened, says the month.
closing_dates as (
    select distinct on (events.deal_key)
        events.deal_key,
        events.value::date as closed_date
    from events
    inner join log_bounds on events.deal_key = log_bounds.deal_key
    where
        events.field = 'closed_date'
        and (events.occurred_at >= log_bounds.opened_at or log_bounds.opened_at is null)
    order by events.deal_key asc, events.occurred_at desc, events.priority desc, events.first_loaded_at desc, events.log_position desc
),

earliest as (
    select
        'stage' as event_type,
        value as source_value,
        deal_key,
        occurred_at,
        null::date as closed_date
    from events
    where field = 'stage'
    union all
    select
        'stage' as event_type,
        first_stages.stage_id as source_value,
        first_stages.deal_key,
        log_bounds.first_at as occurred_at,
        null as closed_date
    from first_stages
    inner join log_bounds on first_stages.deal_key = log_bounds.deal_key
    where first_stages.stage_id is not null
    union all
    select
        'outcome' as event_type,
        closings.outcome as source_value,
        closings.deal_key,
        min(closings.occurred_at) as occurred_at,
        case when not coalesce(bool_or(closings.is_followed), false) then max(closing_dates.closed_date) end as closed_date
    from closings
    left join closing_dates on closings.deal_key = closing_dates.deal_key
    where closings.outcome in ('won', 'lost')
    group by closings.deal_key, closings.outcome
    union all
    select
        'activity' as event_type,
        activity_type as source_value,
        deal_key,
        completed_at as occurred_at,
        null as closed_date
    from {{ ref('int_activities') }}
    where completed_at is not null
),

-- Materialized: the planner expects few rows of the join with the steps, and would look up the deal of each of millions.
placed as materialized (
    select
        earliest.*,
        deals.crm_source,
        deals.pipeline_id
    from earliest
    inner join deals on earliest.deal_key = deals.deal_key
),

first_entries as (
    select distinct on (placed.deal_key, steps.pipeline_id, steps.funnel_step)
        steps.crm_source,
        steps.pipeline_id,
        steps.funnel_step,
        coalesce(date_trunc('month', placed.closed_date)::date, {{ cut_month('placed.occurred_at') }}) as month
    from placed
    inner join steps
        on
            placed.crm_source = steps.crm_source
            and placed.event_type = steps.event_type
            and placed.source_value = steps.source_value
            and (steps.event_type = 'stage' or placed.pipeline_id = steps.pipeline_id)
    order by placed.deal_key asc, steps.pipeline_id asc, steps.funnel_step asc, placed.occurred_at asc
),

compared as (
    select
        crm_source,
        pipeline_id,
        funnel_step,
        month,
        1 as difference
    from first_entries
    union all
    select
        crm_source,
        pipeline_id,
        funnel_step,
        occurred_month as month,
        -1 as difference
    from {{ ref('fct_funnel_events') }}
    where is_first_entry
)

select
    crm_source,
    pipeline_id,
    funnel_step,
    month,
    sum(difference) as deals_missing
from compared
group by crm_source, pipeline_id, funnel_step, month
having sum(difference) <> 0
