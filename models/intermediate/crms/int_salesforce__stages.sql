-- Grain: one row per record type and stage of Salesforce, which has one list of stages for all of its sales processes.
with stages as (
    select * from {{ ref('stg_salesforce__opportunity_stages') }}
),

pipelines as (
    select distinct pipeline_id
    from {{ ref('stg_salesforce__opportunities') }}
    where not is_deleted
),

final as (
    select
        'salesforce' as crm_source,
        {{ salesforce_stage_id('pipelines.pipeline_id', 'stages.stage_name') }} as stage_id,
        pipelines.pipeline_id,
        stages.stage_label as stage_name,
        stages.stage_order,
        stages.default_probability,
        null::integer as rotten_days,
        stages.is_closed,
        stages.is_won,
        not stages.is_deleted as is_living
    from stages
    cross join pipelines
)

select * from final
