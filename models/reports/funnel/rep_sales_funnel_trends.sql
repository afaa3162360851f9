-- Grain: one row per month, pipeline and funnel step, dense between the data's own bounds.
with funnel as (
    select * from {{ ref('rep_funnel_conversion_monthly') }}
),

months as (
    select * from {{ ref('dim_months') }}
),

as_of as (
    select * from {{ ref('dim_as_of') }}
),

-- The grid is dense, so n rows back are n months back.
compared as (
    select
        funnel.month,
        months.quarter,
        funnel.pipeline_id,
        funnel.pipeline_name,
        funnel.funnel_step,
        funnel.kpi_name,
        funnel.step_order,
        months.next_month - 1 <= as_of.as_of_date as is_complete_month,
        funnel.deals_count,
        lag(funnel.deals_count) over steps as previous_month_deals_count,
        lag(funnel.deals_count, 12) over steps as previous_year_deals_count,
        case
            when count(*) over (steps rows between 11 preceding and current row) = 12
                then sum(funnel.deals_count) over (steps rows between 11 preceding and current row)::bigint
        end as rolling_12_months_deals_count,
        case
            when
                count(*) over quarters = 3
                and (months.quarter + interval '3 months')::date - 1 <= as_of.as_of_date
                then sum(funnel.deals_count) over quarters::bigint
        end as quarter_deals_count
    from funnel
    cross join as_of
    inner join months on funnel.month = months.month
    window
        steps as (partition by funnel.pipeline_id, funnel.funnel_step order by funnel.month),
        quarters as (partition by funnel.pipeline_id, funnel.funnel_step, months.quarter)
),

final as (
    select
        *,
        deals_count - previous_month_deals_count as month_over_month_change,
        {{ divide('deals_count - previous_month_deals_count', 'previous_month_deals_count') }} as month_over_month_rate,
        deals_count - previous_year_deals_count as year_over_year_change,
        {{ divide('deals_count - previous_year_deals_count', 'previous_year_deals_count') }} as year_over_year_rate,
        lag(quarter_deals_count, 3) over (partition by pipeline_id, funnel_step order by month) as previous_quarter_deals_count
    from compared
)

select * from final
