-- Grain: one row per cohort month, CRM, pipeline, stage step and horizon, dense between the bounds of the CRM's own data.
with owner_cells as (
    select * from {{ ref('rep_funnel_conversion_cohort_by_owner') }}
),

pipelines as (
    select * from {{ ref('dim_pipelines') }}
),

steps as (
    select * from {{ ref('dim_funnel_steps') }}
    where event_type = 'stage'
),

as_of as (
    select * from {{ ref('dim_as_of') }}
),

horizons as (
    select horizon_days from {{ ref('stg_settings__conversion_horizons') }}
    union all
    select 0 as horizon_days
),

months as (
    select
        crm_source,
        generate_series(min(cohort_month), max(cohort_month), interval '1 month')::date as cohort_month
    from owner_cells
    group by crm_source
),

cells as (
    select
        crm_source,
        pipeline_id,
        cohort_month,
        funnel_step,
        horizon_days,
        sum(deals_count)::bigint as deals_count,
        sum(reached_count)::bigint as reached_count,
        sum(reached_direct_count)::bigint as reached_direct_count
    from owner_cells
    group by crm_source, pipeline_id, cohort_month, funnel_step, horizon_days
),

grid as (
    select
        steps.crm_source,
        steps.pipeline_id,
        pipelines.pipeline_name,
        months.cohort_month,
        steps.funnel_step,
        steps.kpi_name,
        steps.step_order,
        horizons.horizon_days,
        as_of.as_of_date - ((months.cohort_month + interval '1 month')::date - 1) as cohort_age_days
    from steps
    cross join as_of
    cross join horizons
    inner join months on steps.crm_source = months.crm_source
    left join pipelines
        on
            steps.crm_source = pipelines.crm_source
            and steps.pipeline_id = pipelines.pipeline_id
),

counted as (
    select
        grid.*,
        grid.horizon_days = 0 or grid.cohort_age_days >= grid.horizon_days as is_mature,
        coalesce(cells.deals_count, 0) as deals_count,
        coalesce(cells.reached_count, 0) as reached_count,
        coalesce(cells.reached_direct_count, 0) as reached_direct_count
    from grid
    left join cells
        on
            grid.crm_source = cells.crm_source
            and grid.pipeline_id = cells.pipeline_id
            and grid.cohort_month = cells.cohort_month
            and grid.funnel_step = cells.funnel_step
            and grid.horizon_days = cells.horizon_days
),

final as (
    select
        crm_source,
        pipeline_id,
        pipeline_name,
        cohort_month,
        funnel_step,
        kpi_name,
        step_order,
        horizon_days,
        cohort_age_days,
        deals_count,
        case when is_mature then reached_count end as reached_count,
        case when is_mature then reached_direct_count end as reached_direct_count,
        case when is_mature then {{ divide('reached_count', 'deals_count') }} end as reached_share,
        case when is_mature then {{ divide('reached_direct_count', 'deals_count') }} end as reached_direct_share
    from counted
)

select * from final
