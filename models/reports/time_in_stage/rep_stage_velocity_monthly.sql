-- Grain: one row per month, pipeline and stage, dense between the data's own bounds.
-- Completed visits count in the month they ended; open visits are a snapshot at the month's end, apart.
with visits as (
    select * from {{ ref('fct_deal_stage_history') }}
),

stages as (
    select * from {{ ref('dim_stages') }}
),

as_of as (
    select * from {{ ref('dim_as_of') }}
),

months as (
    select generate_series(min(entered_month), max(greatest(entered_month, exited_month)), interval '1 month')::date as month
    from visits
),

-- An unfinished month is cut at as_of_date.
cuts as (
    select
        months.month,
        least((months.month + interval '1 month') at time zone '{{ var("reporting_timezone") }}', as_of.as_of_at) as cut_at
    from months
    cross join as_of
    where months.month <= as_of.as_of_date
),

completed as (
    select
        exited_month as month,
        stage_id,
        count(*) as completed_visits_count,
        {{ summarize_days('days_in_stage', 'completed') }}
    from visits
    where exited_at is not null
    group by exited_month, stage_id
),

-- The months of each visit; comparing every visit with every month costs four times as much.
visit_months as (
    select
        visits.stage_id,
        visits.entered_at,
        visits.exited_at,
        visit_month::date as month
    from visits
    cross join as_of
    cross join lateral generate_series(
        visits.entered_month::timestamp, coalesce(visits.exited_month, as_of.as_of_date)::timestamp, interval '1 month'
    ) as visit_month
),

ages as (
    select
        cuts.month,
        visit_months.stage_id,
        {{ count_days('visit_months.entered_at', 'cuts.cut_at') }} as age_days
    from visit_months
    inner join cuts on visit_months.month = cuts.month
    where
        visit_months.entered_at < cuts.cut_at
        and (visit_months.exited_at >= cuts.cut_at or visit_months.exited_at is null)
),

open_visits as (
    select
        month,
        stage_id,
        count(*) as open_visits_count,
        {{ summarize_days('age_days', 'open') }}
    from ages
    group by month, stage_id
),

final as (
    select
        months.month,
        stages.pipeline_id,
        stages.stage_id,
        stages.stage_name,
        stages.stage_rank,
        stages.funnel_step,
        coalesce(completed.completed_visits_count, 0) as completed_visits_count,
        completed.completed_mean_days,
        completed.completed_p50_days,
        completed.completed_p90_days,
        coalesce(open_visits.open_visits_count, 0) as open_visits_count,
        open_visits.open_mean_days,
        open_visits.open_p50_days,
        open_visits.open_p90_days
    from months
    cross join stages
    left join completed
        on
            months.month = completed.month
            and stages.stage_id = completed.stage_id
    left join open_visits
        on
            months.month = open_visits.month
            and stages.stage_id = open_visits.stage_id
)

select * from final
