with source as (
    {{ newest_versions(source('pipedrive', 'pipedrive_organization'), key_columns=['id']) }}
),

renamed as (
    select
        -- ids
        id as organization_id,
        {{ user_key('owner_id') }} as owner_id,

        -- text: the name is an organisation's and stays readable
        nullif(btrim(name), '') as organization_name,
        {{ short_text('industry') }} as industry,
        {{ short_text('country') }} as country,

        -- numerics
        annual_revenue,
        employee_count as employees,

        -- booleans
        _is_deleted or coalesce(is_deleted, false) as is_deleted,

        -- timestamps
        add_time as created_at,
        _loaded_at
    from source
)

select * from renamed
