-- Grain: one row per month end and deal open at the end of that day, with its amount in the reporting currency and its chance to
-- win: what every report of the open pipeline adds up.
with snapshots as (
    select * from {{ ref('fct_pipeline_snapshots') }}
),

rates as (
    select * from {{ ref('dim_exchange_rates') }}
),

stages as (
    select * from {{ ref('dim_stages') }}
),

valued as (
    select
        snapshots.snapshot_date,
        snapshots.deal_key,
        snapshots.crm_source,
        snapshots.deal_id,
        coalesce(snapshots.stage_id, 'Unknown') as stage_id,
        coalesce(stages.stage_name, snapshots.stage_id, 'Unknown') as stage_name,
        snapshots.owner_id,
        snapshots.close_date,
        snapshots.close_quarter,
        snapshots.is_overdue,
        snapshots.age_days,
        coalesce(snapshots.probability, stages.default_probability) as probability,
        {{ convert_currency('snapshots.amount') }} as reporting_amount
    from snapshots
    {{ join_rate('snapshots', 'snapshots.rate_date') }}
    left join stages
        on
            snapshots.crm_source = stages.crm_source
            and snapshots.stage_id = stages.stage_id
),

final as (
    select
        *,
        reporting_amount * probability / 100 as weighted_amount
    from valued
)

select * from final
