with source as (
    {{ newest_versions(source('hubspot', 'hubspot_engagement'), key_columns=['deal_id', 'engagement_id']) }}
),

renamed as (
    select
        -- ids
        engagement_id,
        deal_id,
        {{ deal_key('hubspot', 'deal_id') }} as deal_key,
        {{ user_key('hubspot_owner_id') }} as owner_id,
        _row_number as log_position,

        -- text
        lower(btrim(type)) as engagement_type,
        upper(nullif(btrim(outcome), '')) as outcome,

        -- booleans: what HubSpot gives no outcome has taken place once its time has come; what is planned has not
        coalesce(upper(nullif(btrim(outcome), '')) = 'COMPLETED', timestamp <= _loaded_at) as is_done,
        _is_deleted or coalesce(archived, false) as is_deleted,

        -- timestamps
        timestamp as takes_place_at,
        _loaded_at
    from source
)

select * from renamed
