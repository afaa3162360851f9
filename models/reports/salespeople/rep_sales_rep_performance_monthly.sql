-- Grain: one row per month and user with any activity, stage entry or outcome, dense between the data's own bounds.
{% set counts = [
    'deals_worked', 'activities_completed', 'sales_call_1_completed', 'sales_call_2_completed', 'other_activities',
    'stage_entries', 'deals_started', 'losses', 'wins',
] %}

with activities as (
    select * from {{ ref('fct_activities') }}
    where completed_month is not null
),

visits as (
    select * from {{ ref('fct_deal_stage_history') }}
    where entered_by = 'stage_change'
),

outcomes as (
    select * from {{ ref('fct_deal_outcomes') }}
    where outcome in ('won', 'lost')
),

users as (
    select * from {{ ref('dim_owners') }}
),

-- The call steps of the seed funnel_steps, in their order: the first is Sales Call 1.
calls as (
    select
        source_value as activity_type,
        row_number() over (order by step_order) as call_number
    from {{ ref('dim_funnel_steps') }}
    where
        event_type = 'activity'
        and pipeline_id = {{ var('default_pipeline_id') }}
),

worked as (
    select
        activities.completed_month as month,
        coalesce(activities.user_id, 0) as user_id,
        count(distinct activities.deal_id) as deals_worked,
        count(*) as activities_completed,
        count(*) filter (where calls.call_number = 1) as sales_call_1_completed,
        count(*) filter (where calls.call_number = 2) as sales_call_2_completed,
        count(*) filter (where (calls.call_number <= 2) is not true) as other_activities
    from activities
    left join calls on activities.activity_type = calls.activity_type
    group by activities.completed_month, coalesce(activities.user_id, 0)
),

entered as (
    select
        entered_month as month,
        owner_id as user_id,
        count(*) as stage_entries,
        count(*) filter (where visit_number = 1) as deals_started
    from visits
    group by entered_month, owner_id
),

closed as (
    select
        occurred_month as month,
        owner_id as user_id,
        count(*) filter (where outcome = 'lost') as losses,
        count(*) filter (where outcome = 'won') as wins
    from outcomes
    group by occurred_month, owner_id
),

members as (
    select
        month,
        user_id
    from worked
    union
    select
        month,
        user_id
    from entered
    union
    select
        month,
        user_id
    from closed
),

months as (
    select generate_series(min(month), max(month), interval '1 month')::date as month
    from members
),

active_users as (
    select distinct user_id
    from members
),

final as (
    select
        months.month,
        active_users.user_id,
        {% for count in counts -%}
        coalesce({{ count }}, 0) as {{ count }},
        {% endfor -%}
        coalesce(users.user_name_masked, 'Unknown') as user_name_masked
    from months
    cross join active_users
    left join users on active_users.user_id = users.user_id
    left join worked
        on
            months.month = worked.month
            and active_users.user_id = worked.user_id
    left join entered
        on
            months.month = entered.month
            and active_users.user_id = entered.user_id
    left join closed
        on
            months.month = closed.month
            and active_users.user_id = closed.user_id
)

select * from final
