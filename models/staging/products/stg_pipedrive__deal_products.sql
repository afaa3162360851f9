with source as (
    {{ newest_versions(source('pipedrive', 'pipedrive_deal_product'), key_columns=['deal_id', 'id'], deal_key=deal_key('pipedrive', 'deal_id')) }}
),

renamed as (
    select
        -- ids
        id as line_id,
        deal_key,
        deal_id,
        product_id,

        -- text
        nullif(btrim(name), '') as product_name,
        {{ currency_code('currency') }} as currency,

        -- numerics
        quantity,
        item_price as unit_price,
        sum as amount,

        -- booleans
        _is_deleted as is_deleted,

        -- timestamps
        _loaded_at
    from source
)

select * from renamed
