-- Grain: one row per stage of HubSpot, those that were deleted or archived included. Where the list does not say how a deal stands in
-- a stage, the deals that are there say it: a screen tells that a deal is closed, and not of its stage.
with stages as (
    select * from {{ ref('stg_hubspot__pipeline_stages') }}
),

deals as (
    select
        stage_id,
        bool_and(status in ('won', 'lost')) as is_closed,
        bool_and(status = 'won') as is_won
    from {{ ref('stg_hubspot__deals') }}
    where not is_deleted
    group by stage_id
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
)

select * from final
