-- Grain: one row per cohort month, pipeline and stage step, dense between the data's own bounds.
{% set reaches = ['direct', 'implied', '30_days', '60_days', '90_days'] %}

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

months as (
    select generate_series(min(cohort_month), max(cohort_month), interval '1 month')::date as cohort_month
    from owner_cells
),

cells as (
    select
        cohort_month,
        pipeline_id,
        funnel_step,
        {% for reach in reaches -%}
        sum(reached_{{ reach }}_count)::bigint as reached_{{ reach }}_count,
        {% endfor -%}
        sum(deals_count)::bigint as deals_count
    from owner_cells
    group by cohort_month, pipeline_id, funnel_step
),

grid as (
    select
        months.cohort_month,
        steps.pipeline_id,
        pipelines.pipeline_name,
        steps.funnel_step,
        steps.kpi_name,
        steps.step_order,
        as_of.as_of_date - ((months.cohort_month + interval '1 month')::date - 1) as cohort_age_days
    from months
    cross join as_of
    cross join steps
    inner join pipelines on steps.pipeline_id = pipelines.pipeline_id
),

counted as (
    select
        grid.*,
        coalesce(cells.deals_count, 0) as deals_count,
        coalesce(cells.reached_direct_count, 0) as reached_direct_count,
        {% for days in [30, 60, 90] -%}
        case when grid.cohort_age_days >= {{ days }} then coalesce(cells.reached_{{ days }}_days_count, 0) end as reached_{{ days }}_days_count,
        {% endfor -%}
        coalesce(cells.reached_implied_count, 0) as reached_implied_count
    from grid
    left join cells
        on
            grid.cohort_month = cells.cohort_month
            and grid.pipeline_id = cells.pipeline_id
            and grid.funnel_step = cells.funnel_step
),

final as (
    select
        {% for reach in reaches -%}
        {{ divide('reached_' ~ reach ~ '_count', 'deals_count') }} as reached_{{ reach }}_share,
        {% endfor -%}
        *
    from counted
)

select * from final
