-- Grain: one row per metric, month, pipeline and stage (0 where the metric is of the whole pipeline).
-- The inputs of the alerts: value, and the base it stands on. Unfinished months are left out.
with trends as (
    select * from {{ ref('rep_sales_funnel_trends') }}
    where is_complete_month
),

steps as (
    select * from {{ ref('dim_funnel_steps') }}
),

cohorts as (
    select * from {{ ref('rep_funnel_conversion_cohort') }}
),

lost_deals as (
    select * from {{ ref('rep_lost_deals_monthly') }}
),

visits as (
    select * from {{ ref('fct_deal_stage_history') }}
    where exited_at is null
),

stages as (
    select * from {{ ref('dim_stages') }}
    where rotten_days is not null
),

pipelines as (
    select * from {{ ref('dim_pipelines') }}
),

as_of as (
    select
        *,
        date_trunc('month', as_of_date)::date as month
    from {{ ref('dim_as_of') }}
),

step_changes as (
    select
        case when steps.event_type = 'stage' then 'first_step' else 'losses' end || '_month_over_month_rate' as metric,
        trends.month,
        trends.pipeline_id,
        0 as stage_id,
        trends.month_over_month_rate as value,
        trends.previous_month_deals_count as base_count
    from trends
    inner join steps
        on
            trends.pipeline_id = steps.pipeline_id
            and trends.funnel_step = steps.funnel_step
    where
        (steps.event_type = 'stage' and steps.previous_step is null)
        or steps.event_type = 'outcome'
),

-- Against the three cohorts before, added up.
second_steps as (
    select
        cohorts.cohort_month as month,
        cohorts.pipeline_id,
        cohorts.deals_count as base_count,
        cohorts.reached_30_days_share
        - {{ divide('sum(cohorts.reached_30_days_count) over previous_cohorts', 'sum(cohorts.deals_count) over previous_cohorts') }} as value
    from cohorts
    inner join steps as first_steps
        on
            cohorts.pipeline_id = first_steps.pipeline_id
            and first_steps.event_type = 'stage'
            and first_steps.previous_step is null
    inner join steps
        on
            cohorts.pipeline_id = steps.pipeline_id
            and cohorts.funnel_step = steps.funnel_step
            and first_steps.funnel_step = steps.previous_step
    window previous_cohorts as (
        partition by cohorts.pipeline_id
        order by cohorts.cohort_month
        rows between 3 preceding and 1 preceding
    )
),

reasons as (
    select
        month,
        pipeline_id,
        sum(losses_count) filter (where lost_reason_id = 'unknown') as unknown_count,
        sum(losses_count) as base_count
    from lost_deals
    group by month, pipeline_id
),

open_visits as (
    select
        as_of.month,
        stages.pipeline_id,
        stages.stage_id,
        count(*) filter (where {{ count_days('visits.entered_at', 'as_of.as_of_at') }} > stages.rotten_days) as rotten_count,
        count(*) as base_count
    from visits
    cross join as_of
    inner join stages on visits.stage_id = stages.stage_id
    where visits.entered_at < as_of.as_of_at
    group by as_of.month, stages.pipeline_id, stages.stage_id
),

final as (
    select
        metric,
        month,
        pipeline_id,
        stage_id,
        value,
        base_count::bigint as base_count
    from step_changes
    union all
    select
        'second_step_30_days_share_change' as metric,
        month,
        pipeline_id,
        0 as stage_id,
        value,
        base_count
    from second_steps
    union all
    select
        'unknown_lost_reason_share' as metric,
        month,
        pipeline_id,
        0 as stage_id,
        {{ divide('coalesce(unknown_count, 0)', 'base_count') }} as value,
        base_count::bigint as base_count
    from reasons
    union all
    select
        'rotten_visits_share' as metric,
        month,
        pipeline_id,
        stage_id,
        {{ divide('rotten_count', 'base_count') }} as value,
        base_count
    from open_visits
    union all
    select
        'days_since_newest_event' as metric,
        as_of.month,
        pipelines.pipeline_id,
        0 as stage_id,
        (as_of.as_of_date - (as_of.newest_event_at at time zone '{{ var("reporting_timezone") }}')::date)::numeric(20, 10) as value,
        0 as base_count
    from as_of
    inner join pipelines on pipelines.is_default
)

select * from final
