with source as (
    {{ newest_versions(source('hubspot', 'hubspot_company'), key_columns=['company_id']) }}
),

renamed as (
    select
        -- ids
        company_id,
        hs_parent_company_id as parent_company_id,
        {{ user_key('hubspot_owner_id') }} as owner_id,

        -- text: the name is an organisation's and stays readable
        nullif(btrim(name), '') as company_name,
        {{ short_text('industry') }} as industry,
        nullif(btrim(type), '') as company_type,
        {{ short_text('country') }} as country,

        -- numerics
        annualrevenue as annual_revenue,
        numberofemployees as employees,

        -- booleans
        _is_deleted or coalesce(archived, false) as is_deleted,

        -- timestamps
        createdate as created_at,
        _loaded_at
    from source
)

select * from renamed
