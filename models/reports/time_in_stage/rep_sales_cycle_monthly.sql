-- Grain: one row per month of closing, pipeline and outcome (won, lost), dense between the data's own bounds.
with outcomes as (
    select * from {{ ref('fct_deal_outcomes') }}
    where
        outcome in ('won', 'lost')
        and is_final
),

months as (
    select generate_series(min(occurred_month), max(occurred_month), interval '1 month')::date as month
    from outcomes
),

pipelines as (
    select * from {{ ref('dim_pipelines') }}
),

cycles as (
    select
        occurred_month as month,
        pipeline_id,
        outcome,
        count(*) as deals_count,
        {{ summarize_days('days_since_creation', 'cycle') }}
    from outcomes
    group by occurred_month, pipeline_id, outcome
),

final as (
    select
        months.month,
        pipelines.pipeline_id,
        pipelines.pipeline_name,
        ends.outcome,
        coalesce(cycles.deals_count, 0) as deals_count,
        cycles.cycle_mean_days,
        cycles.cycle_p50_days,
        cycles.cycle_p90_days
    from months
    cross join pipelines
    cross join (values ('won'), ('lost')) as ends (outcome)
    left join cycles
        on
            months.month = cycles.month
            and pipelines.pipeline_id = cycles.pipeline_id
            and ends.outcome = cycles.outcome
)

select * from final
