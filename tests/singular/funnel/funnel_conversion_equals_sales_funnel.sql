-- The default pipeline of the conversion report, built from facts, equals the incremental headline report, cell by cell.
with conversion as (
    select
        month,
        funnel_step,
        deals_count,
        entries_count
    from {{ ref('rep_funnel_conversion_monthly') }}
    where
        pipeline_id = {{ var('default_pipeline_id') }}
        and entries_count > 0
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
    select * from conversion
    except
    select * from headline
),

surplus as (
    select * from headline
    except
    select * from conversion
)

select
    'conversion only' as found_in,
    month,
    funnel_step
from missing
union all
select
    'headline only' as found_in,
    month,
    funnel_step
from surplus
