-- Grain: one row per CRM and stage.
with stages as (
    select * from {{ ref('int_opportunity_stages') }}
),

final as (
    select
        crm_source,
        stage_id,
        pipeline_id,
        stage_name,
        stage_order,
        stage_rank::integer as stage_rank,
        default_probability,
        is_closed,
        is_won
    from stages
)

select * from final
