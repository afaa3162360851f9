-- Grain: one row per CRM and fiscal quarter with a quota, of those whose last month end before it has open deals: open pipeline due in
-- the quarter ÷ its quota, over all owners, on that day. It says the same of every quarter; within one coverage falls as deals close.
-- Not the sums of rep_pipeline_coverage, which are rounded, and of which an owner's 0 would hide that no amount is known.
with pipeline as (
    select * from {{ ref('int_pipeline_valued') }}
),

quarters as (
    select * from {{ ref('dim_fiscal_quarters') }}
),

quotas as (
    select * from {{ ref('stg_settings__sales_quotas') }}
),

rates as (
    select * from {{ ref('dim_exchange_rates') }}
),

due as (
    select
        pipeline.crm_source,
        quarters.quarter,
        {{ sum_known('pipeline.reporting_amount', 'pipeline.close_quarter = quarters.quarter') }} as open_amount
    from pipeline
    inner join quarters on quarters.quarter - 1 = pipeline.snapshot_date
    group by pipeline.crm_source, quarters.quarter
),

converted_quotas as (
    select
        quotas.crm_source,
        quotas.quarter,
        sum({{ convert_currency('quotas.quota') }}) as quota
    from quotas
    {{ join_rate('quotas', 'quotas.quarter') }}
    group by quotas.crm_source, quotas.quarter
),

final as (
    select
        due.crm_source,
        due.quarter,
        {{ divide('due.open_amount', 'converted_quotas.quota', 14) }} as coverage_ratio
    from due
    inner join converted_quotas on (due.crm_source, due.quarter) = (converted_quotas.crm_source, converted_quotas.quarter)
)

select * from final
