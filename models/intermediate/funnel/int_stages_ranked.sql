-- Grain: one row per stage, with its place in its pipeline.
with stages as (
    select * from {{ ref('stg_pipedrive__stages') }}
    where not is_deleted
),

final as (
    select
        stage_id,
        pipeline_id,
        stage_name,
        deal_probability,
        rotten_days,
        row_number() over (partition by pipeline_id order by stage_order, stage_id) as stage_rank,
        _loaded_at
    from stages
)

select * from final
