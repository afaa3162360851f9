-- Grain: one row per month end, CRM, stage, owner and fiscal quarter of the close date: the snapshots, summed.
with snapshots as (
    select * from {{ ref('fct_pipeline_snapshots') }}
),

rates as (
    select * from {{ ref('dim_exchange_rates') }}
),

stages as (
    select * from {{ ref('dim_stages') }}
),

owners as (
    select * from {{ ref('dim_owners') }}
),

converted as (
    select
        snapshots.*,
        snapshots.amount * rates.rate as reporting_amount
    from snapshots
    left join rates
        on
            coalesce(snapshots.currency, '{{ var("reporting_currency") }}') = rates.currency
            and snapshots.rate_date >= rates.valid_from
            and snapshots.rate_date < rates.valid_to
),

final as (
    select
        converted.snapshot_date,
        converted.crm_source,
        coalesce(converted.stage_id, 'Unknown') as stage_id,
        coalesce(stages.stage_name, converted.stage_id, 'Unknown') as stage_name,
        converted.owner_id,
        coalesce(owners.owner_name_masked, 'Unknown') as owner_name_masked,
        converted.close_quarter,
        count(*) as open_count,
        sum(round(converted.reporting_amount, 2)) as open_amount,
        round(sum(converted.reporting_amount * coalesce(converted.probability, stages.default_probability) / 100), 2) as weighted_amount,
        count(*) filter (where converted.reporting_amount is null) as missing_amount_count,
        count(*) filter (where coalesce(converted.probability, stages.default_probability) is null) as missing_probability_count,
        count(*) filter (where converted.is_overdue) as overdue_count,
        sum(converted.age_days) as age_days
    from converted
    left join stages
        on
            converted.crm_source = stages.crm_source
            and converted.stage_id = stages.stage_id
    left join owners
        on
            converted.crm_source = owners.crm_source
            and converted.owner_id = owners.owner_id
    group by
        converted.snapshot_date,
        converted.crm_source,
        converted.stage_id,
        stages.stage_name,
        converted.owner_id,
        owners.owner_name_masked,
        converted.close_quarter
)

select * from final
