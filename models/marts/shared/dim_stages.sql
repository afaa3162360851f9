-- Grain: one row per stage of the CRM, and one per stage that only the change log knows ('Unknown').
with stages as (
    select * from {{ ref('int_stages_ranked') }}
),

steps as (
    select * from {{ ref('stg_settings__funnel_steps') }}
    where event_type = 'stage'
),

visited as (
    select distinct stage_id
    from {{ ref('fct_deal_stage_history') }}
),

-- Of a stage that the export lacks, the steps may tell the pipeline.
final as (
    select
        coalesce(stages.stage_id, visited.stage_id) as stage_id,
        coalesce(stages.pipeline_id, steps.pipeline_id, {{ var('default_pipeline_id') }}) as pipeline_id,
        coalesce(stages.stage_name, 'Unknown') as stage_name,
        stages.stage_rank::integer as stage_rank,
        coalesce(steps.funnel_step, 'Unknown') as funnel_step,
        stages.deal_probability::numeric(20, 10) as deal_probability,
        stages.rotten_days
    from stages
    full outer join visited on stages.stage_id = visited.stage_id
    left join steps
        on
            coalesce(stages.pipeline_id, steps.pipeline_id) = steps.pipeline_id
            and coalesce(stages.stage_id, visited.stage_id)::text = steps.source_value
)

select * from final
