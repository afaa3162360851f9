-- The published definition once more, without timelines: the earliest matching row of staging per deal and event,
-- counted by month, against the first entries of fct_funnel_events.
with changes as (
    select * from {{ ref('stg_pipedrive__deal_changes') }}
    where
        not is_deleted
        and field_key in ('stage_id', 'status', 'lost_reason')
        and new_value is not null
        and {{ is_plausible_date('changed_at') }}
),

logged_statuses as (
    select distinct deal_id from changes
    where field_key = 'status'
),

earliest as (
    select
        'stage' as event_type,
        new_value as source_value,
        deal_id,
        min(changed_at) as occurred_at
    from changes
    where field_key = 'stage_id'
    group by deal_id, new_value
    union all
    select
        'outcome' as event_type,
        'lost' as source_value,
        changes.deal_id,
        min(changes.changed_at) as occurred_at
    from changes
    left join logged_statuses on changes.deal_id = logged_statuses.deal_id
    where
        (changes.field_key = 'status' and changes.new_value = 'lost')
        or (changes.field_key = 'lost_reason' and logged_statuses.deal_id is null)
    group by changes.deal_id
    union all
    select
        'activity' as event_type,
        activity_type as source_value,
        deal_id,
        min(due_at) as occurred_at
    from {{ ref('stg_pipedrive__activities') }}
    where
        is_done
        and not is_deleted
        and due_at <= _loaded_at
        and {{ is_plausible_date('due_at') }}
    group by deal_id, activity_type
),

deals as (
    select * from {{ ref('dim_deals') }}
),

steps as (
    select * from {{ ref('dim_funnel_steps') }}
),

compared as (
    select
        steps.pipeline_id,
        steps.funnel_step,
        {{ cut_month('earliest.occurred_at') }} as month,
        1 as difference
    from earliest
    inner join deals on earliest.deal_id = deals.deal_id
    inner join steps
        on
            earliest.event_type = steps.event_type
            and earliest.source_value = steps.source_value
            and (steps.event_type = 'stage' or deals.pipeline_id = steps.pipeline_id)
    union all
    select
        pipeline_id,
        funnel_step,
        occurred_month as month,
        -1 as difference
    from {{ ref('fct_funnel_events') }}
    where is_first_entry
)

select
    pipeline_id,
    funnel_step,
    month,
    sum(difference) as deals_missing
from compared
group by pipeline_id, funnel_step, month
having sum(difference) <> 0
