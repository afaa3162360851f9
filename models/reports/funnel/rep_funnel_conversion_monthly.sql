-- Grain: one row per month, pipeline and funnel step, dense between the data's own bounds.
with months as (
    select * from {{ ref('dim_months') }}
),

pipelines as (
    select * from {{ ref('dim_pipelines') }}
),

steps as (
    select * from {{ ref('dim_funnel_steps') }}
),

owner_cells as (
    select * from {{ ref('rep_sales_funnel_by_owner_monthly') }}
),

cells as (
    select
        month,
        pipeline_id,
        funnel_step,
        sum(deals_count)::bigint as deals_count,
        sum(entries_count)::bigint as entries_count
    from owner_cells
    group by month, pipeline_id, funnel_step
),

grid as (
    select
        months.month,
        steps.pipeline_id,
        pipelines.pipeline_name,
        steps.funnel_step,
        steps.kpi_name,
        steps.step_order,
        steps.previous_step,
        coalesce(cells.deals_count, 0) as deals_count,
        coalesce(cells.entries_count, 0) as entries_count
    from months
    cross join steps
    inner join pipelines on steps.pipeline_id = pipelines.pipeline_id
    left join cells
        on
            months.month = cells.month
            and steps.pipeline_id = cells.pipeline_id
            and steps.funnel_step = cells.funnel_step
),

final as (
    select
        grid.month,
        grid.pipeline_id,
        grid.pipeline_name,
        grid.funnel_step,
        grid.kpi_name,
        grid.step_order,
        grid.deals_count,
        grid.entries_count,
        grid.previous_step,
        previous_steps.deals_count as previous_step_deals_count,
        {{ divide('grid.deals_count', 'previous_steps.deals_count') }} as period_conversion_rate
    from grid
    left join grid as previous_steps
        on
            grid.month = previous_steps.month
            and grid.pipeline_id = previous_steps.pipeline_id
            and grid.previous_step = previous_steps.funnel_step
)

select * from final
