-- Median and 90th percentile of the days in a stage of the default pipeline, by the month in which the visits ended; the last six months.
with months as (
    select velocity.*
    from {{ ref('rep_stage_velocity') }} as velocity
    inner join {{ ref('dim_pipelines') }} as pipelines
        on
            velocity.crm_source = pipelines.crm_source
            and velocity.pipeline_id = pipelines.pipeline_id
    where
        pipelines.is_default
        and velocity.period_type = 'month'
)

select
    period as month,
    stage_name,
    completed_visits_count,
    round(completed_p50_days, 1) as p50_days,
    round(completed_p90_days, 1) as p90_days,
    open_visits_count
from months
where period > (select max(all_months.period) - interval '6 months' from months as all_months)
order by period, stage_rank
