-- Grain: one row per cohort month, CRM, pipeline, owner with deals in the cohort, stage step and horizon. Counts add up over owners.
with deal_steps as (
    select
        *,
        days_to_reach + {{ count_days('reached_at', 'entered_at') }} as days_to_enter
    from {{ ref('fct_deal_steps') }}
),

steps as (
    select * from {{ ref('dim_funnel_steps') }}
    where event_type = 'stage'
),

as_of as (
    select * from {{ ref('dim_as_of') }}
),

-- 0 stands for ever: a key is not NULL.
horizons as (
    select
        horizon_days,
        horizon_days::numeric as last_day
    from {{ ref('stg_settings__conversion_horizons') }}
    union all
    select
        0 as horizon_days,
        'infinity' as last_day
),

-- Every deal has reached the first step, at least implied: it is the cohort itself.
cohorts as (
    select
        deal_steps.crm_source,
        deal_steps.pipeline_id,
        deal_steps.cohort_month,
        deal_steps.owner_id,
        count(*) as deals_count
    from deal_steps
    inner join steps
        on
            deal_steps.crm_source = steps.crm_source
            and deal_steps.pipeline_id = steps.pipeline_id
            and deal_steps.funnel_step = steps.funnel_step
    where steps.previous_step is null
    group by deal_steps.crm_source, deal_steps.pipeline_id, deal_steps.cohort_month, deal_steps.owner_id
),

reached as (
    select
        deal_steps.crm_source,
        deal_steps.pipeline_id,
        deal_steps.cohort_month,
        deal_steps.owner_id,
        deal_steps.funnel_step,
        horizons.horizon_days,
        count(*) filter (where deal_steps.days_to_reach <= horizons.last_day) as reached_count,
        count(*) filter (where deal_steps.days_to_enter <= horizons.last_day) as reached_direct_count
    from deal_steps
    cross join horizons
    group by
        deal_steps.crm_source, deal_steps.pipeline_id, deal_steps.cohort_month, deal_steps.owner_id, deal_steps.funnel_step, horizons.horizon_days
),

-- The cohort's last day must lie at least the horizon before as_of_date.
grid as (
    select
        cohorts.*,
        steps.funnel_step,
        steps.kpi_name,
        steps.step_order,
        horizons.horizon_days,
        horizons.horizon_days = 0
        or as_of.as_of_date - horizons.horizon_days >= (cohorts.cohort_month + interval '1 month')::date - 1 as is_mature
    from cohorts
    cross join as_of
    cross join horizons
    inner join steps
        on
            cohorts.crm_source = steps.crm_source
            and cohorts.pipeline_id = steps.pipeline_id
),

final as (
    select
        grid.crm_source,
        grid.pipeline_id,
        grid.cohort_month,
        grid.owner_id,
        grid.funnel_step,
        grid.kpi_name,
        grid.step_order,
        grid.horizon_days,
        grid.deals_count,
        case when grid.is_mature then coalesce(reached.reached_count, 0) end as reached_count,
        case when grid.is_mature then coalesce(reached.reached_direct_count, 0) end as reached_direct_count
    from grid
    left join reached
        on
            grid.crm_source = reached.crm_source
            and grid.pipeline_id = reached.pipeline_id
            and grid.cohort_month = reached.cohort_month
            and grid.owner_id = reached.owner_id
            and grid.funnel_step = reached.funnel_step
            and grid.horizon_days = reached.horizon_days
)

select * from final
