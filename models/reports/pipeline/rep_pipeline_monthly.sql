-- Grain: one row per month end, CRM, stage, owner and fiscal quarter of the close date: the snapshots, summed.
with pipeline as (
    select * from {{ ref('int_pipeline_valued') }}
),

owners as (
    select * from {{ ref('dim_owners') }}
),

final as (
    select
        pipeline.snapshot_date,
        pipeline.crm_source,
        pipeline.stage_id,
        pipeline.stage_name,
        pipeline.owner_id,
        coalesce(owners.owner_name_masked, 'Unknown') as owner_name_masked,
        pipeline.close_quarter,
        count(*) as open_count,
        round(sum(pipeline.reporting_amount), 2) as open_amount,
        round(sum(pipeline.weighted_amount), 2) as weighted_amount,
        count(*) filter (where pipeline.reporting_amount is null) as missing_amount_count,
        count(*) filter (where pipeline.probability is null) as missing_probability_count,
        count(*) filter (where pipeline.is_overdue) as overdue_count,
        sum(pipeline.age_days) as age_days
    from pipeline
    left join owners
        on
            pipeline.crm_source = owners.crm_source
            and pipeline.owner_id = owners.owner_id
    group by
        pipeline.snapshot_date,
        pipeline.crm_source,
        pipeline.stage_id,
        pipeline.stage_name,
        pipeline.owner_id,
        owners.owner_name_masked,
        pipeline.close_quarter
)

select * from final
