-- The default funnel of the trends report, built from facts, equals the incremental headline report, cell by cell.
with pipelines as (
    select * from {{ ref('dim_pipelines') }}
    where is_default
),

trends as (
    select
        trends.month,
        trends.funnel_step,
        trends.deals_count,
        trends.entries_count
    from {{ ref('rep_sales_funnel_trends') }} as trends
    inner join pipelines
        on
            trends.crm_source = pipelines.crm_source
            and trends.pipeline_id = pipelines.pipeline_id
    where trends.entries_count > 0
),

headline as (
    select
        month,
        funnel_step,
        deals_count,
        entries_count
    from {{ ref('rep_sales_funnel_monthly') }}
    where entries_count > 0
),

missing as (
    select * from trends
    except
    select * from headline
),

surplus as (
    select * from headline
    except
    select * from trends
)

select
    'trends only' as found_in,
    month,
    funnel_step
from missing
union all
select
    'headline only' as found_in,
    month,
    funnel_step
from surplus
