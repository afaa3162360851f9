-- Grain: one row per month of closing, CRM, pipeline and outcome (won, lost), dense between the bounds of the CRM's own data.
with outcomes as (
    select * from {{ ref('fct_deal_outcomes') }}
    where
        outcome in ('won', 'lost')
        and is_final
),

pipelines as (
    select * from {{ ref('dim_pipelines') }}
),

coverage as (
    select * from {{ ref('dim_export_coverage') }}
),

months as (
    select
        crm_source,
        generate_series(min(occurred_month), max(occurred_month), interval '1 month')::date as month
    from outcomes
    group by crm_source
),

cycles as (
    select
        crm_source,
        pipeline_id,
        occurred_month as month,
        outcome,
        count(*) as deals_count,
        {{ summarize_days('days_since_creation', 'cycle') }}
    from outcomes
    group by crm_source, pipeline_id, occurred_month, outcome
),

final as (
    select
        pipelines.crm_source,
        pipelines.pipeline_id,
        pipelines.pipeline_name,
        months.month,
        ends.outcome,
        case when ends.is_known then coalesce(cycles.deals_count, 0) end as deals_count,
        cycles.cycle_mean_days,
        cycles.cycle_p50_days,
        cycles.cycle_p90_days
    from pipelines
    inner join months on pipelines.crm_source = months.crm_source
    inner join coverage on pipelines.crm_source = coverage.crm_source
    cross join lateral (values ('won', coverage.knows_wins), ('lost', coverage.knows_losses)) as ends (outcome, is_known)
    left join cycles
        on
            pipelines.crm_source = cycles.crm_source
            and pipelines.pipeline_id = cycles.pipeline_id
            and months.month = cycles.month
            and ends.outcome = cycles.outcome
)

select * from final
