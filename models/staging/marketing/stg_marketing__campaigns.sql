with source as (
    {{ newest_versions(source('marketing', 'salesforce_campaign'), key_columns=['id']) }}
),

renamed as (
    select
        -- ids
        id as campaign_id,

        -- text: in lower case, as utm tags are compared
        coalesce(lower({{ short_text('name') }}), lower(id)) as campaign,
        coalesce({{ short_text('name') }}, id) as campaign_name,
        nullif(btrim(type), '') as campaign_type,
        coalesce(lower(nullif(btrim(type), '')), 'unknown') as channel_spelling,

        -- numerics
        actualcost as actual_cost,

        -- booleans
        _is_deleted as is_deleted,

        -- timestamps
        _loaded_at
    from source
)

select * from renamed
