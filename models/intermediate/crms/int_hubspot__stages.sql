-- Grain: one row per stage of HubSpot, those that were deleted or archived included.
with stages as (
    select * from {{ ref('stg_hubspot__pipeline_stages') }}
),

final as (
    select
        'hubspot' as crm_source,
        stage_id,
        coalesce(pipeline_id, {{ default_pipeline("'hubspot'") }}) as pipeline_id,
        stage_name,
        stage_order,
        default_probability,
        null::integer as rotten_days,
        coalesce(status in ('won', 'lost'), false) as is_closed,
        coalesce(status = 'won', false) as is_won,
        not is_deleted as is_living
    from stages
)

select * from final
