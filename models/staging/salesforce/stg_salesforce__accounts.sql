with source as (
    {{ newest_versions(source('salesforce', 'salesforce_account'), key_columns=['id']) }}
),

renamed as (
    select
        -- ids
        id as account_id,
        nullif(btrim(parentid), '') as parent_account_id,
        nullif(btrim(ownerid), '') as owner_id,

        -- text: the name is an organisation's and stays readable
        nullif(btrim(name), '') as account_name,
        {{ short_text('industry') }} as industry,
        nullif(btrim(type), '') as account_type,
        {{ short_text('billingcountry') }} as country,

        -- numerics
        annualrevenue as annual_revenue,
        numberofemployees as employees,

        -- booleans
        _is_deleted as is_deleted,

        -- timestamps
        createddate as created_at,
        _loaded_at
    from source
)

select * from renamed
