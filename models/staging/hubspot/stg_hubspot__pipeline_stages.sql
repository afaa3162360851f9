with source as (
    {{ newest_versions(source('hubspot', 'hubspot_pipeline_stage'), key_columns=['stage_id']) }}
),

renamed as (
    select
        -- ids
        stage_id,
        pipeline_id,

        -- text
        coalesce(nullif(btrim(stage_label), ''), stage_id) as stage_name,
        nullif(btrim(pipeline_label), '') as pipeline_name,

        -- numerics: a chance is a share of 1 in HubSpot
        display_order as stage_order,
        probability * 100 as default_probability,

        -- how a deal stands there; HubSpot itself tells a won stage by the chance 1, and a lost one by 0. Without flags that
        -- holds where chances were filled in, as those of a pipeline are that has a 1
        case
            when coalesce(closed_won, is_closed and probability = 1) then 'won'
            when is_closed then 'lost'
            when not is_closed then 'open'
            when closed_won is null and probability = 1 then 'won'
            when probability = 0 and bool_or(probability = 1) over (partition by pipeline_id) then 'lost'
        end as status,

        -- booleans
        _is_deleted or coalesce(archived, false) as is_deleted,

        -- timestamps
        _loaded_at
    from source
)

select * from renamed
