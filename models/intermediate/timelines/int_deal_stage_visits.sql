-- Grain: one row per deal and uninterrupted stay in a stage.
with timeline as (
    select
        *,
        last_value(outcome) over (
            partition by deal_key
            order by event_number
            rows between unbounded preceding and unbounded following
        ) as last_outcome
    from {{ ref('int_deal_timeline') }}
    where not is_deleted_deal
),

stages as (
    select * from {{ ref('int_stages') }}
),

-- Consecutive repeats of a stage are one visit. The filter comes before LEAD, never after.
boundaries as (
    select *
    from timeline
    where
        starts_visit
        or event_type in ('won', 'lost', 'deleted')
),

sequenced as (
    select
        *,
        lead(event_type) over deal_boundaries as next_event_type,
        lead(stage_id) over deal_boundaries as following_stage_id,
        lead(occurred_at) over deal_boundaries as next_occurred_at,
        lead(_loaded_at) over deal_boundaries as exit_loaded_at
    from boundaries
    window deal_boundaries as (partition by deal_key order by event_number)
),

visits as (
    select
        *,
        -- A stage named after the deal was closed, and nothing since, not even a reopening there: nobody is waiting there.
        coalesce(next_occurred_at, case when last_outcome in ('won', 'lost') then occurred_at end) as exited_at,
        case when next_event_type = 'stage_change' then following_stage_id end as next_stage_id,
        case
            when next_event_type in ('won', 'lost', 'deleted') then next_event_type
            when next_event_type is null and last_outcome in ('won', 'lost') then last_outcome
            when next_event_type is null then 'open'
        end as ended_by,
        row_number() over (partition by deal_key order by event_number) as visit_number
    from sequenced
    where starts_visit
),

final as (
    select
        visits.deal_key,
        visits.crm_source,
        visits.deal_id,
        visits.visit_number,
        coalesce(stages.pipeline_id, visits.last_pipeline_id, {{ default_pipeline('visits.crm_source') }}) as pipeline_id,
        visits.stage_id,
        coalesce(stages.stage_name, visits.stage_id) as stage_name,
        visits.event_type as entered_by,
        visits.occurred_at as entered_at,
        visits.exited_at,
        visits.next_stage_id,
        case
            when visits.ended_by is not null then visits.ended_by
            when stages.pipeline_id <> next_stages.pipeline_id then 'transferred'
            when next_stages.stage_rank < stages.stage_rank then 'backward'
            when next_stages.living_before - stages.living_before <= stages.is_living::integer then 'forward'
            else 'skipped'
        end as moved,
        visits.log_position,
        visits.first_loaded_at,
        greatest(visits._loaded_at, visits.exit_loaded_at) as _loaded_at
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
