-- Grain: one row per CRM and open stage, all visits up to as_of_date.
-- The mean of completed visits is too short while slow visits are still open. The Kaplan-Meier median is not: an open
-- visit counts as "still there" until its age, and says nothing after.
with visits as (
    select * from {{ ref('fct_deal_stage_history') }}
),

stages as (
    select * from {{ ref('dim_stages') }}
    where not is_closed
),

as_of as (
    select * from {{ ref('dim_as_of') }}
),

observed as (
    select
        visits.crm_source,
        visits.stage_id,
        coalesce(visits.exited_at < as_of.as_of_at, false) as is_completed,
        visits.exited_at < as_of.as_of_at and visits.exited_quarter > as_of.current_quarter - interval '12 months' as is_trailing,
        {{ count_days('visits.entered_at', 'least(visits.exited_at, as_of.as_of_at)') }} as stay_days
    from visits
    cross join as_of
    where visits.entered_at < as_of.as_of_at
),

-- A visit that was censored on the very day another ended was still at risk then.
at_risk as (
    select
        crm_source,
        stage_id,
        stay_days,
        count(*) filter (where is_completed) as ended_count,
        sum(count(*)) over (
            partition by crm_source, stage_id
            order by stay_days
            rows between current row and unbounded following
        ) as at_risk_count
    from observed
    group by crm_source, stage_id, stay_days
),

-- The product of the shares that stayed, as a sum of logarithms; once nobody stays, it is zero for good.
survival as (
    select
        crm_source,
        stage_id,
        stay_days,
        case
            when bool_or(ended_count = at_risk_count) over curve then 0
            else exp(sum(ln(1 - nullif(ended_count, at_risk_count)::double precision / at_risk_count::double precision)) over curve)
        end as survival_share
    from at_risk
    window curve as (partition by crm_source, stage_id order by stay_days)
),

-- The tolerance is for the logarithms: 3 of 6 must count as half.
medians as (
    select
        crm_source,
        stage_id,
        min(stay_days) as kaplan_meier_median_days
    from survival
    where survival_share <= 0.5 + 1e-9
    group by crm_source, stage_id
),

counts as (
    select
        crm_source,
        stage_id,
        count(*) as visits_count,
        count(*) filter (where is_completed) as completed_visits_count,
        {{ summarize_days('stay_days', 'completed', 'is_completed') }},
        count(*) filter (where not is_completed) as open_visits_count,
        {{ summarize_days('stay_days', 'open', 'not is_completed') }},
        count(*) filter (where is_trailing) as trailing_visits_count,
        (percentile_cont(0.5) within group (order by stay_days) filter (where is_trailing))::numeric as trailing_p50_days,
        (percentile_cont(0.5) within group (order by stay_days) filter (where is_completed and not is_trailing))::numeric as norm_p50_days
    from observed
    group by crm_source, stage_id
),

final as (
    select
        stages.crm_source,
        stages.pipeline_id,
        stages.stage_id,
        stages.stage_name,
        stages.stage_rank,
        stages.funnel_step,
        coalesce(counts.visits_count, 0) as visits_count,
        coalesce(counts.completed_visits_count, 0) as completed_visits_count,
        counts.completed_mean_days,
        counts.completed_p50_days,
        counts.completed_p90_days,
        coalesce(counts.open_visits_count, 0) as open_visits_count,
        counts.open_mean_days,
        counts.open_p50_days,
        counts.open_p90_days,
        medians.kaplan_meier_median_days,
        coalesce(counts.trailing_visits_count, 0) as trailing_visits_count,
        counts.trailing_p50_days::numeric(18, 6) as trailing_p50_days,
        counts.norm_p50_days::numeric(18, 6) as norm_p50_days,
        {{ divide('counts.trailing_p50_days', 'counts.norm_p50_days', digits=4) }} as trailing_to_norm,
        coalesce(counts.completed_visits_count, 0) < {{ var('min_sample') }} as is_small_sample,
        {{ bottleneck_level('counts.completed_visits_count', 'counts.completed_p50_days') }} as severity
    from stages
    left join counts
        on
            stages.crm_source = counts.crm_source
            and stages.stage_id = counts.stage_id
    left join medians
        on
            stages.crm_source = medians.crm_source
            and stages.stage_id = medians.stage_id
)

select * from final
