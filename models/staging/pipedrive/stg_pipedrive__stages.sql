with source as (
    {{ newest_versions(source('pipedrive', 'stages'), key_columns=['stage_id']) }}
),

renamed as (
    select
        -- ids
        stage_id,
        pipeline_id,

        -- text
        btrim(stage_name) as stage_name,

        -- numerics
        order_nr as stage_order,
        deal_probability::numeric(20, 4) as deal_probability,
        rotten_days,

        -- booleans
        _is_deleted or coalesce(is_deleted, false) as is_deleted,

        -- timestamps
        _loaded_at
    from source
)

select * from renamed
