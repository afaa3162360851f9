with source as (
    {{ newest_versions(source('salesforce', 'salesforce_opportunity_history'), key_columns=['opportunityid', 'id']) }}
),

renamed as (
    select
        -- ids
        id as history_id,
        opportunityid as opportunity_id,
        {{ deal_key('salesforce', 'opportunityid') }} as deal_key,
        _row_number as log_position,

        -- text
        btrim(stagename) as stage_name,
        nullif(btrim(forecastcategory), '') as forecast_category,

        -- numerics
        amount,
        probability,

        -- booleans
        _is_deleted as is_deleted,

        -- dates and timestamps
        closedate as close_date,
        createddate as changed_at,
        coalesce(_first_loaded_at, _loaded_at) as first_loaded_at,
        _loaded_at
    from source
)

select * from renamed
