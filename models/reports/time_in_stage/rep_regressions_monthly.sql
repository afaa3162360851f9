-- Grain: one row per month, CRM, pipeline, stage and owner with at least one regression or reopening. Counts add up over
-- every column but the CRM. A regression counts in the month and stage the deal went back from, a reopening where the deal lay.
with visits as (
    select * from {{ ref('fct_deal_stage_history') }}
),

outcomes as (
    select * from {{ ref('fct_deal_outcomes') }}
),

deals as (
    select * from {{ ref('dim_deals') }}
),

reopenings as (
    select
        reopened.*,
        ended.outcome as reopened_from
    from outcomes as reopened
    inner join outcomes as ended
        on
            reopened.deal_key = ended.deal_key
            and reopened.outcome_number = ended.outcome_number + 1
    where reopened.outcome = 'reopened'
),

events as (
    select
        visits.crm_source,
        visits.pipeline_id,
        visits.exited_month as month,
        visits.stage_id,
        visits.owner_id,
        'regression' as step_back,
        deals.is_id_collision
    from visits
    left join deals on visits.deal_key = deals.deal_key
    where visits.moved = 'backward'
    union all
    select
        crm_source,
        pipeline_id,
        occurred_month as month,
        coalesce(stage_id, 'None') as stage_id,
        owner_id,
        'reopened from ' || reopened_from as step_back,
        is_id_collision
    from reopenings
),

final as (
    select
        crm_source,
        pipeline_id,
        month,
        stage_id,
        owner_id,
        count(*) filter (where step_back = 'regression') as regressions_count,
        count(*) filter (where step_back != 'regression') as reopenings_count,
        count(*) filter (where step_back = 'reopened from lost') as reopenings_after_loss_count,
        count(*) filter (where step_back = 'reopened from won') as reopenings_after_win_count,
        count(*) filter (where is_id_collision) as id_collision_events_count
    from events
    group by crm_source, pipeline_id, month, stage_id, owner_id
)

select * from final
