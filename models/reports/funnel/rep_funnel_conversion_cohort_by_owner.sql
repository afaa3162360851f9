-- Grain: one row per cohort month, pipeline, owner with deals in the cohort, and stage step. Counts add up over owners.
{% set horizons = [30, 60, 90] %}

with deal_steps as (
    select * from {{ ref('fct_deal_steps') }}
),

steps as (
    select * from {{ ref('dim_funnel_steps') }}
    where event_type = 'stage'
),

as_of as (
    select * from {{ ref('dim_as_of') }}
),

-- Every deal has reached the first step, at least implied: it is the cohort itself.
cohorts as (
    select
        deal_steps.cohort_month,
        deal_steps.pipeline_id,
        deal_steps.owner_id,
        count(*) as deals_count
    from deal_steps
    inner join steps
        on
            deal_steps.pipeline_id = steps.pipeline_id
            and deal_steps.funnel_step = steps.funnel_step
    where steps.previous_step is null
    group by deal_steps.cohort_month, deal_steps.pipeline_id, deal_steps.owner_id
),

reached as (
    select
        cohort_month,
        pipeline_id,
        owner_id,
        funnel_step,
        count(entered_at) as reached_direct_count,
        {% for days in horizons -%}
        count(*) filter (where days_to_reach <= {{ days }}) as reached_{{ days }}_days_count,
        {% endfor -%}
        count(*) as reached_implied_count
    from deal_steps
    group by cohort_month, pipeline_id, owner_id, funnel_step
),

final as (
    select
        cohorts.cohort_month,
        cohorts.pipeline_id,
        cohorts.owner_id,
        steps.funnel_step,
        steps.kpi_name,
        steps.step_order,
        cohorts.deals_count,
        coalesce(reached.reached_direct_count, 0) as reached_direct_count,
        -- For a horizon, the cohort's last day must lie at least that many days before as_of_date.
        {% for days in horizons -%}
        case
            when (cohorts.cohort_month + interval '1 month')::date - 1 + {{ days }} <= as_of.as_of_date
                then coalesce(reached.reached_{{ days }}_days_count, 0)
        end as reached_{{ days }}_days_count,
        {% endfor -%}
        coalesce(reached.reached_implied_count, 0) as reached_implied_count
    from cohorts
    cross join as_of
    inner join steps on cohorts.pipeline_id = steps.pipeline_id
    left join reached
        on
            cohorts.cohort_month = reached.cohort_month
            and cohorts.pipeline_id = reached.pipeline_id
            and cohorts.owner_id = reached.owner_id
            and steps.funnel_step = reached.funnel_step
)

select * from final
