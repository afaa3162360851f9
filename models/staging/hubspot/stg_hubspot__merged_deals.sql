with source as (
    {{ newest_versions(source('hubspot', 'hubspot_merged_deal'), key_columns=['merged_deal_id']) }}
),

renamed as (
    select
        -- ids: the key is that of the deal that is gone
        merged_deal_id,
        {{ deal_key('hubspot', 'merged_deal_id') }} as deal_key,
        deal_id as kept_deal_id,

        -- booleans
        _is_deleted as is_deleted,

        -- timestamps
        _loaded_at
    from source
)

select * from renamed
