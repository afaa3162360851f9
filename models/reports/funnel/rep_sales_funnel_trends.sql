-- Grain: one row per month, CRM, pipeline and funnel step, dense between the bounds of the CRM's own data.
with owner_cells as (
    select * from {{ ref('rep_sales_funnel_by_owner_monthly') }}
),

pipelines as (
    select * from {{ ref('dim_pipelines') }}
),

steps as (
    select * from {{ ref('dim_funnel_steps') }}
),

months as (
    select * from {{ ref('dim_months') }}
),

as_of as (
    select * from {{ ref('dim_as_of') }}
),

cells as (
    select
        crm_source,
        pipeline_id,
        funnel_step,
        month,
        sum(deals_count)::bigint as deals_count,
        sum(entries_count)::bigint as entries_count
    from owner_cells
    group by crm_source, pipeline_id, funnel_step, month
),

bounds as (
    select
        crm_source,
        min(month) as first_month,
        max(month) as last_month
    from cells
    group by crm_source
),

grid as (
    select
        steps.crm_source,
        steps.pipeline_id,
        pipelines.pipeline_name,
        steps.funnel_step,
        steps.kpi_name,
        steps.step_order,
        steps.previous_step,
        months.month,
        months.quarter,
        months.next_month - 1 <= as_of.as_of_date as is_complete_month,
        coalesce(cells.deals_count, 0) as deals_count,
        coalesce(cells.entries_count, 0) as entries_count
    from steps
    cross join as_of
    inner join bounds on steps.crm_source = bounds.crm_source
    inner join months on months.month between bounds.first_month and bounds.last_month
    left join pipelines
        on
            steps.crm_source = pipelines.crm_source
            and steps.pipeline_id = pipelines.pipeline_id
    left join cells
        on
            steps.crm_source = cells.crm_source
            and steps.pipeline_id = cells.pipeline_id
            and steps.funnel_step = cells.funnel_step
            and months.month = cells.month
),

-- The grid is dense, so n rows back are n months back.
compared as (
    select
        grid.*,
        previous_steps.deals_count as previous_step_deals_count,
        lag(grid.deals_count) over step_months as previous_month_deals_count,
        lag(grid.deals_count, 12) over step_months as previous_year_deals_count,
        case
            when count(*) over (step_months rows between 11 preceding and current row) = 12
                then sum(grid.deals_count) over (step_months rows between 11 preceding and current row)::bigint
        end as rolling_12_months_deals_count,
        case
            when count(*) over quarters = 3 and bool_and(grid.is_complete_month) over quarters
                then sum(grid.deals_count) over quarters::bigint
        end as quarter_deals_count
    from grid
    left join grid as previous_steps
        on
            grid.crm_source = previous_steps.crm_source
            and grid.pipeline_id = previous_steps.pipeline_id
            and grid.previous_step = previous_steps.funnel_step
            and grid.month = previous_steps.month
    window
        step_months as (partition by grid.crm_source, grid.pipeline_id, grid.funnel_step order by grid.month),
        quarters as (partition by grid.crm_source, grid.pipeline_id, grid.funnel_step, grid.quarter)
),

final as (
    select
        *,
        {{ divide('deals_count', 'previous_step_deals_count') }} as period_conversion_rate,
        deals_count - previous_month_deals_count as month_over_month_change,
        {{ divide('deals_count - previous_month_deals_count', 'previous_month_deals_count') }} as month_over_month_rate,
        deals_count - previous_year_deals_count as year_over_year_change,
        {{ divide('deals_count - previous_year_deals_count', 'previous_year_deals_count') }} as year_over_year_rate,
        lag(quarter_deals_count, 3) over (partition by crm_source, pipeline_id, funnel_step order by month) as previous_quarter_deals_count
    from compared
)

select * from final
