-- Grain: one row per record type and stage of Salesforce, which has one list of stages for all of its sales processes. A stage in which
-- opportunities are closed and which no list names is one as well: without it a funnel of closed deals alone would have no steps. It is
-- none where the log has opportunities in it that are not closed there, such as those reopened: that stage is a step as any other.
with stages as (
    select * from {{ ref('stg_salesforce__opportunity_stages') }}
),

opportunities as (
    select * from {{ ref('stg_salesforce__opportunities') }}
    where not is_deleted
),

used as (
    select
        pipeline_id,
        stage_name,
        bool_and(is_closed) as is_closed,
        bool_and(is_won) as is_won
    from opportunities
    group by pipeline_id, stage_name
),

pipelines as (
    select distinct pipeline_id
    from used
),

open_stages as (
    select distinct value as stage_id
    from {{ ref('int_salesforce__deal_events') }}
    where field = 'stage'
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
    union all
    select
        'salesforce' as crm_source,
        {{ salesforce_stage_id('pipeline_id', 'stage_name') }} as stage_id,
        pipeline_id,
        stage_name,
        null as stage_order,
        null as default_probability,
        null as rotten_days,
        is_closed,
        is_won,
        true as is_living
    from used
    where
        is_closed
        and stage_name not in (select stages.stage_name from stages)
        and not exists (
            select from open_stages
            where open_stages.stage_id = {{ salesforce_stage_id('used.pipeline_id', 'used.stage_name') }}
        )
)

select * from final
