-- Grain: one row per deal and uninterrupted stay in a stage while open. States that differ only in amount,
-- probability, close date or owner are one visit.
with states as (
    select * from {{ ref('int_deal_states') }}
),

stages as (
    select * from {{ ref('int_opportunity_stages') }}
),

compared as (
    select
        *,
        lag(status) over states_in_order as previous_status,
        lag(stage_id) over states_in_order as previous_stage_id
    from states
    window states_in_order as (partition by deal_key, crm_source, deal_id order by valid_from)
),

-- Closings are boundaries too, so that LEAD finds the moment at which a visit ended with the deal.
boundaries as (
    select
        *,
        lead(valid_from) over boundaries_in_order as exited_at,
        lead(status) over boundaries_in_order as next_status,
        lead(stage_id) over boundaries_in_order as following_stage_id
    from compared
    where
        previous_status is null
        or status <> previous_status
        or (status = 'open' and stage_id is distinct from previous_stage_id)
    window boundaries_in_order as (partition by deal_key, crm_source, deal_id order by valid_from)
),

visits as (
    select
        *,
        row_number() over (partition by deal_key, crm_source, deal_id order by valid_from) as visit_number,
        case when next_status = 'open' then following_stage_id end as next_stage_id
    from boundaries
    where
        status = 'open'
        and stage_id is not null
),

final as (
    select
        visits.crm_source,
        visits.deal_id,
        visits.deal_key,
        visits.visit_number,
        visits.stage_id,
        visits.owner_id,
        coalesce(visits.previous_status in ('won', 'lost'), false) as is_reopening,
        visits.valid_from as entered_at,
        visits.exited_at,
        visits.next_stage_id,
        case
            when visits.exited_at is null then 'open'
            when visits.next_status <> 'open' then visits.next_status
            when next_stages.pipeline_id <> stages.pipeline_id then 'transferred'
            when next_stages.stage_order < stages.stage_order then 'backward'
            when next_stages.stage_rank = stages.stage_rank + 1 then 'forward'
            else 'skipped'
        end as moved,
        greatest(visits._loaded_at, stages._loaded_at, next_stages._loaded_at) as _loaded_at
    from visits
    left join stages
        on
            visits.crm_source = stages.crm_source
            and visits.stage_id = stages.stage_id
    left join stages as next_stages
        on
            visits.crm_source = next_stages.crm_source
            and visits.next_stage_id = next_stages.stage_id
)

select * from final
