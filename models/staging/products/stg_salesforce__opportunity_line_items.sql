{% set line_items = source('salesforce', 'salesforce_opportunity_line_item') %}

with source as (
    {{ newest_versions(line_items, key_columns=['opportunityid', 'id'], deal_key=deal_key('salesforce', 'opportunityid')) }}
),

renamed as (
    select
        -- ids
        id as line_id,
        deal_key,
        opportunityid as opportunity_id,
        nullif(btrim(product2id), '') as product_id,

        -- text: the line's name is not loaded, since it begins with the opportunity's
        nullif(btrim(productcode), '') as product_code,

        -- numerics
        quantity,
        unitprice as unit_price,
        totalprice as amount,

        -- booleans
        _is_deleted or coalesce(isdeleted, false) as is_deleted,

        -- timestamps
        _loaded_at
    from source
)

select * from renamed
