-- Grain: one row per stage of Pipedrive, those that were deleted included.
with stages as (
    select * from {{ ref('stg_pipedrive__stages') }}
),

final as (
    select
        'pipedrive' as crm_source,
        stage_id,
        coalesce(pipeline_id, {{ default_pipeline("'pipedrive'") }}) as pipeline_id,
        stage_name,
        stage_order,
        deal_probability as default_probability,
        rotten_days,
        false as is_closed,
        false as is_won,
        not is_deleted as is_living
    from stages
)

select * from final
