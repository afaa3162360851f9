-- Grain: one row per month, CRM and owner with any activity, stage entry or outcome, dense between the bounds of the CRM's own data.
{% set counts = {
    'deals_worked': 'knows_activities',
    'activities_completed': 'knows_activities',
    'sales_call_1_completed': 'knows_activities',
    'sales_call_2_completed': 'knows_activities',
    'other_activities': 'knows_activities',
    'stage_entries': 'true',
    'deals_started': 'true',
    'losses': 'knows_losses',
    'wins': 'knows_wins',
} %}

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

owners as (
    select * from {{ ref('dim_owners') }}
),

pipelines as (
    select * from {{ ref('dim_pipelines') }}
),

coverage as (
    select * from {{ ref('dim_export_coverage') }}
),

steps as (
    select * from {{ ref('int_funnel_steps') }}
),

call_types as (
    select
        steps.crm_source,
        steps.source_value as activity_type,
        steps.step_order,
        dense_rank() over (
            partition by steps.crm_source
            order by pipelines.is_default desc, pipelines.deals_count desc, pipelines.pipeline_id asc
        ) as pipeline_rank
    from steps
    inner join pipelines
        on
            steps.crm_source = pipelines.crm_source
            and steps.pipeline_id = pipelines.pipeline_id
    where steps.event_type = 'activity'
),

-- The call steps of the CRM's main pipeline, in their order: the first is Sales Call 1.
calls as (
    select
        crm_source,
        activity_type,
        dense_rank() over (partition by crm_source order by step_order) as call_number
    from call_types
    where pipeline_rank = 1
),

worked as (
    select
        activities.crm_source,
        activities.completed_month as month,
        activities.owner_id,
        count(distinct activities.deal_key) as deals_worked,
        count(*) as activities_completed,
        count(*) filter (where calls.call_number = 1) as sales_call_1_completed,
        count(*) filter (where calls.call_number = 2) as sales_call_2_completed,
        count(*) filter (where (calls.call_number <= 2) is not true) as other_activities
    from activities
    left join calls
        on
            activities.crm_source = calls.crm_source
            and activities.activity_type = calls.activity_type
    group by activities.crm_source, activities.completed_month, activities.owner_id
),

entered as (
    select
        crm_source,
        entered_month as month,
        owner_id,
        count(*) as stage_entries,
        count(*) filter (where visit_number = 1) as deals_started
    from visits
    group by crm_source, entered_month, owner_id
),

closed as (
    select
        crm_source,
        occurred_month as month,
        owner_id,
        count(*) filter (where outcome = 'lost') as losses,
        count(*) filter (where outcome = 'won') as wins
    from outcomes
    group by crm_source, occurred_month, owner_id
),

members as (
    {%- for part in ['worked', 'entered', 'closed'] %}
    select
        crm_source,
        month,
        owner_id
    from {{ part }}
    {%- if not loop.last %}
    union
    {%- endif %}
    {%- endfor %}
),

months as (
    select
        crm_source,
        generate_series(min(month), max(month), interval '1 month')::date as month
    from members
    group by crm_source
),

active_owners as (
    select distinct
        crm_source,
        owner_id
    from members
),

final as (
    select
        active_owners.crm_source,
        months.month,
        active_owners.owner_id,
        {%- for count, is_known in counts.items() %}
        case when {{ is_known }} then coalesce({{ count }}, 0) end as {{ count }},
        {%- endfor %}
        coalesce(owners.owner_name_masked, 'Unknown') as owner_name_masked
    from active_owners
    inner join months on active_owners.crm_source = months.crm_source
    left join coverage on active_owners.crm_source = coverage.crm_source
    left join owners
        on
            active_owners.crm_source = owners.crm_source
            and active_owners.owner_id = owners.owner_id
    {%- for part in ['worked', 'entered', 'closed'] %}
    left join {{ part }}
        on
            active_owners.crm_source = {{ part }}.crm_source
            and active_owners.owner_id = {{ part }}.owner_id
            and months.month = {{ part }}.month
    {%- endfor %}
)

select * from final
