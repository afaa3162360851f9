-- What a funnel rarely does, counted by problem: in a month a later step has more deals than the step before it, or a call more than
-- its stage, by the factors of the setting alert_thresholds; a step has no deal at all, where another one of its pipeline
-- has as many as that setting asks for; the names of steps do not tell them apart, or a call's number does not begin with that of its
-- stage; the newest event of a CRM is old.
{{ config(severity='warn', fail_calc='coalesce(sum(failing_rows), 0)') }}
with thresholds as (
    select * from {{ ref('stg_settings__alert_thresholds') }}
),

trends as (
    select
        trends.*,
        steps.event_type
    from {{ ref('rep_sales_funnel_trends') }} as trends
    inner join {{ ref('dim_funnel_steps') }} as steps
        on (trends.crm_source, trends.pipeline_id, trends.funnel_step) = (steps.crm_source, steps.pipeline_id, steps.funnel_step)
),

reached as (
    select
        crm_source,
        pipeline_id,
        funnel_step,
        sum(deals_count) as deals_count,
        max(sum(deals_count)) over (partition by crm_source, pipeline_id) as most_deals_count
    from trends
    group by crm_source, pipeline_id, funnel_step
),

steps as (
    select
        *,
        count(*) over (partition by crm_source, pipeline_id, kpi_name) as steps_count
    from {{ ref('dim_funnel_steps') }}
),

names as (
    select
        crm_source,
        pipeline_id,
        funnel_step
    from {{ ref('int_funnel_steps') }}
    group by crm_source, pipeline_id, funnel_step
    having count(distinct kpi_name) > 1
)

select
    case trends.event_type
        when 'activity' then 'months in which a call exceeds its stage'
        else 'months in which a step exceeds the one before'
    end as problem,
    trends.crm_source,
    trends.pipeline_id,
    trends.funnel_step,
    count(*) as failing_rows,
    null::bigint as tested_rows
from trends
inner join thresholds
    on
        thresholds.metric = case trends.event_type when 'activity' then 'call_to_stage_ratio' else 'step_to_previous_ratio' end
        and trends.previous_step_deals_count >= thresholds.min_base
        and trends.deals_count > thresholds.threshold * trends.previous_step_deals_count
group by trends.event_type, trends.crm_source, trends.pipeline_id, trends.funnel_step
union all
select
    'steps that no deal reached' as problem,
    reached.crm_source,
    reached.pipeline_id,
    reached.funnel_step,
    1 as failing_rows,
    null as tested_rows
from reached
inner join thresholds
    on
        thresholds.metric = 'step_to_previous_ratio'
        and reached.most_deals_count >= thresholds.min_base
where reached.deals_count = 0
union all
select
    'steps whose name or number is not as those of the others' as problem,
    steps.crm_source,
    steps.pipeline_id,
    steps.funnel_step,
    1 as failing_rows,
    null as tested_rows
from steps
left join names on (steps.crm_source, steps.pipeline_id, steps.funnel_step) = (names.crm_source, names.pipeline_id, names.funnel_step)
where
    names.funnel_step is not null
    or steps.steps_count > 1
    or not starts_with(steps.funnel_step, steps.parent_step || '.')
union all
select
    'CRMs whose newest event is old' as problem,
    coverage.crm_source,
    null as pipeline_id,
    null as funnel_step,
    1 as failing_rows,
    null as tested_rows
from {{ ref('dim_export_coverage') }} as coverage
cross join {{ ref('dim_as_of') }} as as_of
inner join thresholds on thresholds.metric = 'months_since_newest_event'
where {{ cut_day('coverage.newest_event_at') }} < as_of.as_of_date - thresholds.threshold * interval '1 month'
