-- Grain: one row per CRM and stage: those that the CRM lists, those that it has deleted, and those that only the log names.
with stages as (
    select * from {{ ref('int_stages') }}
),

steps as (
    select * from {{ ref('int_funnel_steps') }}
    where event_type = 'stage'
),

final as (
    select
        stages.crm_source,
        stages.stage_id,
        stages.pipeline_id,
        stages.stage_name,
        stages.stage_rank,
        coalesce(steps.funnel_step, 'Unknown') as funnel_step,
        stages.default_probability::numeric(20, 10) as default_probability,
        stages.rotten_days,
        stages.is_closed,
        stages.is_won,
        stages.is_living,
        stages.is_listed
    from stages
    left join steps
        on
            stages.crm_source = steps.crm_source
            and stages.pipeline_id = steps.pipeline_id
            and stages.stage_id = steps.source_value
)

select * from final
