-- Grain: one row per deal, funnel step and entry to it: a stage entered, a call completed, a win, a loss.
with timeline as (
    select * from {{ ref('int_deal_timeline') }}
),

activities as (
    select * from {{ ref('int_activities') }}
    where completed_at is not null
),

stages as (
    select * from {{ ref('int_stages') }}
),

steps as (
    select * from {{ ref('int_funnel_steps') }}
),

-- Of deals that have no stage and no outcome in the log, too: their calls follow the pipeline.
pipelines as (
    select
        *,
        (100000000 + row_number() over (partition by deal_key order by {{ log_order() }}))::text collate "C" || value as placed_pipeline
    from {{ ref('int_deal_events') }}
    where
        field = 'pipeline'
        and value is not null
),

events as (
    select
        timeline.deal_key,
        timeline.crm_source,
        timeline.deal_id,
        case when timeline.event_type in ('won', 'lost') then 'outcome' when timeline.starts_visit then 'stage' end as event_type,
        case when timeline.event_type in ('won', 'lost') then timeline.event_type else timeline.stage_id end as source_value,
        timeline.event_type not in ('stage_change', 'reopened') as is_outcome,
        timeline.last_pipeline_id,
        null::text as placed_pipeline,
        stages.pipeline_id as stage_pipeline_id,
        null::text as owner_id,
        timeline.occurred_at,
        timeline.crm_closed_date,
        timeline.is_deleted_deal,
        timeline.event_number,
        timeline.first_loaded_at,
        timeline.log_position,
        timeline._loaded_at
    from timeline
    left join stages
        on
            timeline.crm_source = stages.crm_source
            and timeline.stage_id = stages.stage_id
    union all
    select
        deal_key,
        crm_source,
        deal_id,
        'activity' as event_type,
        activity_type as source_value,
        false as is_outcome,
        null as last_pipeline_id,
        null as placed_pipeline,
        null as stage_pipeline_id,
        owner_id,
        completed_at as occurred_at,
        null as crm_closed_date,
        false as is_deleted_deal,
        null as event_number,
        _loaded_at as first_loaded_at,
        log_position,
        _loaded_at
    from activities
    union all
    select
        deal_key,
        crm_source,
        deal_id,
        'pipeline' as event_type,
        null as source_value,
        false as is_outcome,
        null as last_pipeline_id,
        placed_pipeline,
        null as stage_pipeline_id,
        null as owner_id,
        occurred_at,
        null as crm_closed_date,
        false as is_deleted_deal,
        null as event_number,
        first_loaded_at,
        log_position,
        _loaded_at
    from pipelines
),

-- Stages belong to one pipeline by themselves; calls, wins and losses follow the deal's last pipeline.
located as (
    select
        *,
        coalesce(
            max(last_pipeline_id) over deal,
            substr(max(placed_pipeline) over deal, 10),
            substr(max((100000000 + event_number)::text collate "C" || stage_pipeline_id) over deal, 10),
            {{ default_pipeline('crm_source') }}
        ) as deal_pipeline_id,
        bool_or(is_deleted_deal) over deal as is_deleted,
        max(event_number) filter (where is_outcome) over deal as last_outcome_number
    from events
    window deal as (partition by deal_key)
),

-- A win or loss counts on its closed date: the CRM's own one where this closing stands.
final as (
    select
        located.deal_key,
        located.crm_source,
        located.deal_id,
        steps.pipeline_id,
        steps.funnel_step,
        located.event_type,
        located.owner_id,
        row_number() over (
            partition by located.deal_key, steps.pipeline_id, steps.funnel_step
            order by located.occurred_at, located.first_loaded_at, located.log_position, located.event_number
        ) as entry_number,
        located.occurred_at,
        case
            when located.event_type = 'outcome' and located.event_number = located.last_outcome_number and located.crm_closed_date is not null
                then date_trunc('month', located.crm_closed_date)::date
            else {{ cut_month('located.occurred_at') }}
        end as occurred_month,
        located._loaded_at
    from located
    inner join steps
        on
            located.crm_source = steps.crm_source
            and located.event_type = steps.event_type
            and located.source_value = steps.source_value
            and (located.event_type = 'stage' or located.deal_pipeline_id = steps.pipeline_id)
    where not located.is_deleted
)

select * from final
