-- Grain: one row per stage of HubSpot, those that were deleted or archived included. Where the list does not say how a deal stands in
-- a stage, the deals that are there say it: a screen tells that a deal is closed, and not of its stage. A stage in which deals are
-- closed and which no list names is one as well: without it a funnel of closed deals alone would have no steps. It is none where the
-- log has deals in it that are not closed there, such as those reopened: that stage is a step as any other.
with stages as (
    select * from {{ ref('stg_hubspot__pipeline_stages') }}
),

deals as (
    select
        stage_id,
        min(pipeline_id) as pipeline_id,
        bool_and(status in ('won', 'lost')) as is_closed,
        bool_and(status = 'won') as is_won
    from {{ ref('stg_hubspot__deals') }}
    where not is_deleted
    group by stage_id
),

open_stages as (
    select distinct value as stage_id
    from {{ ref('int_hubspot__deal_events') }}
    where field = 'stage'
),

final as (
    select
        'hubspot' as crm_source,
        stages.stage_id,
        coalesce(stages.pipeline_id, {{ default_pipeline("'hubspot'") }}) as pipeline_id,
        stages.stage_name,
        stages.stage_order,
        stages.default_probability,
        null::integer as rotten_days,
        coalesce(stages.status in ('won', 'lost'), deals.is_closed, false) as is_closed,
        coalesce(stages.status = 'won', deals.is_won, false) as is_won,
        not stages.is_deleted as is_living
    from stages
    left join deals on stages.stage_id = deals.stage_id
    union all
    select
        'hubspot' as crm_source,
        stage_id,
        coalesce(pipeline_id, {{ default_pipeline("'hubspot'") }}) as pipeline_id,
        stage_id as stage_name,
        null as stage_order,
        null as default_probability,
        null as rotten_days,
        is_closed,
        is_won,
        true as is_living
    from deals
    where
        is_closed
        and stage_id not in (select stages.stage_id from stages)
        and not exists (
            select from open_stages
            where open_stages.stage_id = deals.stage_id
        )
)

select * from final
