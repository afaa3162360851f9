with source as (
    {{ newest_versions(source('hubspot', 'hubspot_line_item'), key_columns=['deal_id', 'line_item_id'], deal_key=deal_key('hubspot', 'deal_id')) }}
),

renamed as (
    select
        -- ids
        line_item_id as line_id,
        deal_key,
        deal_id,
        product_id,

        -- text
        nullif(btrim(name), '') as product_name,
        {{ currency_code('currency') }} as currency,

        -- numerics
        quantity,
        price as unit_price,
        amount,

        -- booleans
        _is_deleted or coalesce(archived, false) as is_deleted,

        -- timestamps
        _loaded_at
    from source
)

select * from renamed
