with source as (
    {{ newest_versions(source('salesforce', 'salesforce_opportunity_stage'), key_columns=['apiname']) }}
),

renamed as (
    select
        -- text
        btrim(apiname) as stage_name,
        coalesce(nullif(btrim(masterlabel), ''), btrim(apiname)) as stage_label,
        nullif(btrim(forecastcategoryname), '') as forecast_category,

        -- numerics
        sortorder as stage_order,
        defaultprobability as default_probability,

        -- booleans
        isclosed as is_closed,
        iswon as is_won,
        _is_deleted as is_deleted,

        -- timestamps
        _loaded_at
    from source
)

select * from renamed
