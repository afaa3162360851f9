-- Each month end's snapshot holds what a waterfall over the same months ends with: two ways through the same history.
with snapshots as (
    select
        crm_source,
        snapshot_date,
        sum(open_count) as open_count,
        sum(open_amount) as open_amount
    from {{ ref('rep_pipeline_monthly') }}
    group by crm_source, snapshot_date
),

waterfall as (
    select
        crm_source,
        (period + interval '1 month')::date - 1 as snapshot_date,
        end_count,
        end_amount
    from {{ ref('rep_pipeline_waterfall') }}
    where
        scope = 'all'
        and period_type = 'month'
        and is_complete
)

select
    waterfall.crm_source,
    waterfall.snapshot_date
from waterfall
full outer join snapshots
    on
        waterfall.crm_source = snapshots.crm_source
        and waterfall.snapshot_date = snapshots.snapshot_date
where
    coalesce(snapshots.open_count, 0) <> coalesce(waterfall.end_count, -1)
    or abs(coalesce(snapshots.open_amount, 0) - waterfall.end_amount) > 0.01
