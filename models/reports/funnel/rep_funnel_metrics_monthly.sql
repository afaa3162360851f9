-- Grain: one row per metric, month, CRM, pipeline ('All' where the metric is of the whole CRM), stage and step of the funnel (each
-- 'All' where the metric is of none). The inputs of the alerts: value, and the base it stands on. Unfinished months are left out.
with trends as (
    select * from {{ ref('rep_sales_funnel_trends') }}
    where is_complete_month
),

steps as (
    select
        *,
        row_number() over (partition by crm_source, pipeline_id, event_type order by step_order) as place
    from {{ ref('dim_funnel_steps') }}
),

cohorts as (
    select * from {{ ref('rep_funnel_conversion_cohort') }}
    where horizon_days = 30
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

coverage as (
    select * from {{ ref('dim_export_coverage') }}
),

as_of as (
    select * from {{ ref('dim_as_of') }}
),

watched_steps as (
    select
        *,
        case
            when event_type = 'stage' and place = 1 then 'first_step'
            when event_type = 'outcome' and source_value = 'lost' then 'losses'
            else 'step'
        end as kind
    from steps
),

step_changes as (
    select
        watched_steps.kind || '_month_over_month_rate' as metric,
        trends.month,
        trends.crm_source,
        trends.pipeline_id,
        'All' as stage_id,
        case watched_steps.kind when 'step' then trends.funnel_step else 'All' end as funnel_step,
        trends.month_over_month_rate as value,
        trends.previous_month_deals_count as base_count
    from trends
    inner join watched_steps
        on
            trends.crm_source = watched_steps.crm_source
            and trends.pipeline_id = watched_steps.pipeline_id
            and trends.funnel_step = watched_steps.funnel_step
),

-- Against the three cohorts before, added up.
second_steps as (
    select
        'second_step_30_days_share_change' as metric,
        cohorts.cohort_month as month,
        cohorts.crm_source,
        cohorts.pipeline_id,
        'All' as stage_id,
        'All' as funnel_step,
        cohorts.reached_share
        - {{ divide('sum(cohorts.reached_count) over previous_cohorts', 'sum(cohorts.deals_count) over previous_cohorts') }} as value,
        cohorts.deals_count as base_count
    from cohorts
    inner join steps
        on
            cohorts.crm_source = steps.crm_source
            and cohorts.pipeline_id = steps.pipeline_id
            and cohorts.funnel_step = steps.funnel_step
    where
        steps.event_type = 'stage'
        and steps.place = 2
    window previous_cohorts as (
        partition by cohorts.crm_source, cohorts.pipeline_id
        order by cohorts.cohort_month
        rows between 3 preceding and 1 preceding
    )
),

reasons as (
    select
        'unknown_lost_reason_share' as metric,
        lost_deals.month,
        lost_deals.crm_source,
        lost_deals.pipeline_id,
        'All' as stage_id,
        'All' as funnel_step,
        {{ divide("sum(case lost_deals.lost_reason_id when 'unknown' then lost_deals.losses_count else 0 end)", 'sum(lost_deals.losses_count)') }}
            as value,
        sum(lost_deals.losses_count)::bigint as base_count
    from lost_deals
    inner join coverage on lost_deals.crm_source = coverage.crm_source
    where coverage.knows_lost_reasons
    group by lost_deals.month, lost_deals.crm_source, lost_deals.pipeline_id
),

rotten_visits as (
    select
        'rotten_visits_share' as metric,
        as_of.current_month as month,
        stages.crm_source,
        stages.pipeline_id,
        stages.stage_id,
        'All' as funnel_step,
        {{ divide('count(*) filter (where ' ~ count_days('visits.entered_at', 'as_of.as_of_at') ~ ' > stages.rotten_days)', 'count(*)') }} as value,
        count(*) as base_count
    from visits
    cross join as_of
    inner join stages
        on
            visits.crm_source = stages.crm_source
            and visits.stage_id = stages.stage_id
    where visits.entered_at < as_of.as_of_at
    group by as_of.current_month, stages.crm_source, stages.pipeline_id, stages.stage_id
),

silences as (
    select
        'days_since_newest_event' as metric,
        as_of.current_month as month,
        coverage.crm_source,
        'All' as pipeline_id,
        'All' as stage_id,
        'All' as funnel_step,
        as_of.as_of_date - {{ cut_day('coverage.newest_event_at') }} as value,
        0 as base_count
    from coverage
    cross join as_of
),

metrics as (
    {%- for part in ['step_changes', 'second_steps', 'reasons', 'rotten_visits', 'silences'] %}
    select * from {{ part }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

final as (
    select
        metric,
        month,
        crm_source,
        pipeline_id,
        stage_id,
        funnel_step,
        value::numeric(20, 10) as value,
        base_count
    from metrics
)

select * from final
