-- Grain: one row per month end, CRM, owner and fiscal quarter (the running one and the three after it), dense over
-- owners with quota or pipeline. Open pipeline due in the quarter ÷ (quota − won so far); no quota gives NULL, and so
-- does a quota that is met.
with pipeline as (
    select * from {{ ref('rep_pipeline_monthly') }}
),

deals as (
    select * from {{ ref('fct_deals') }}
    where status = 'won'
),

quotas as (
    select * from {{ ref('stg_settings__sales_quotas') }}
),

rates as (
    select * from {{ ref('dim_exchange_rates') }}
),

owners as (
    select * from {{ ref('dim_owners') }}
),

converted_quotas as (
    select
        quotas.crm_source,
        quotas.owner_id,
        quotas.quarter,
        sum(quotas.quota * rates.rate) as quota
    from quotas
    left join rates
        on
            quotas.currency = rates.currency
            and quotas.quarter >= rates.valid_from
            and quotas.quarter < rates.valid_to
    group by quotas.crm_source, quotas.owner_id, quotas.quarter
),

members as (
    select
        crm_source,
        owner_id
    from pipeline
    union
    select
        crm_source,
        owner_id
    from quotas
),

snapshots as (
    select distinct
        crm_source,
        snapshot_date
    from pipeline
),

grid as (
    select
        snapshots.snapshot_date,
        snapshots.crm_source,
        members.owner_id,
        quarter_start::date as quarter
    from snapshots
    inner join members on snapshots.crm_source = members.crm_source
    cross join lateral generate_series(
        {{ cut_fiscal_quarter('snapshots.snapshot_date') }},
        {{ cut_fiscal_quarter('snapshots.snapshot_date') }} + interval '9 months',
        interval '3 months'
    ) as quarter_start
),

open_pipeline as (
    select
        snapshot_date,
        crm_source,
        owner_id,
        close_quarter as quarter,
        sum(open_amount) as open_amount,
        sum(weighted_amount) as weighted_amount,
        sum(missing_amount_count)::bigint as missing_amount_count
    from pipeline
    group by snapshot_date, crm_source, owner_id, close_quarter
),

won as (
    select
        grid.snapshot_date,
        grid.crm_source,
        grid.owner_id,
        grid.quarter,
        sum(deals.reporting_amount) as won_amount,
        count(*) filter (where deals.reporting_amount is null) as missing_won_amount_count
    from grid
    inner join deals
        on
            grid.crm_source = deals.crm_source
            and grid.owner_id = deals.owner_id
            and grid.quarter = deals.closed_quarter
            and grid.snapshot_date >= deals.closed_date
    group by grid.snapshot_date, grid.crm_source, grid.owner_id, grid.quarter
),

measured as (
    select
        grid.snapshot_date,
        grid.crm_source,
        grid.owner_id,
        coalesce(owners.owner_name_masked, 'Unknown') as owner_name_masked,
        grid.quarter,
        case when open_pipeline.quarter is null then 0 else open_pipeline.open_amount end as open_amount,
        case when open_pipeline.quarter is null then 0 else open_pipeline.weighted_amount end as weighted_amount,
        coalesce(open_pipeline.missing_amount_count, 0) as missing_amount_count,
        case when won.quarter is null then 0 else won.won_amount end as won_amount,
        converted_quotas.quota,
        coalesce(won.missing_won_amount_count, 0) as missing_won_amount_count
    from grid
    left join open_pipeline
        on
            grid.snapshot_date = open_pipeline.snapshot_date
            and grid.crm_source = open_pipeline.crm_source
            and grid.owner_id = open_pipeline.owner_id
            and grid.quarter = open_pipeline.quarter
    left join won
        on
            grid.snapshot_date = won.snapshot_date
            and grid.crm_source = won.crm_source
            and grid.owner_id = won.owner_id
            and grid.quarter = won.quarter
    left join converted_quotas
        on
            grid.crm_source = converted_quotas.crm_source
            and grid.owner_id = converted_quotas.owner_id
            and grid.quarter = converted_quotas.quarter
    left join owners
        on
            grid.crm_source = owners.crm_source
            and grid.owner_id = owners.owner_id
),

-- Mind that greatest() passes over NULL: what is left of a quota is unknown if what was won is.
final as (
    select
        *,
        case when won_amount is not null and quota is not null then greatest(quota - won_amount, 0) end as remaining_quota,
        round(open_amount / nullif(case when won_amount is not null then greatest(quota - won_amount, 0) end, 0), 6) as coverage_ratio
    from measured
)

select * from final
