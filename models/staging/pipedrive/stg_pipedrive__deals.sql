with source as (
    {{ newest_versions(source('pipedrive', 'pipedrive_deal'), key_columns=['id']) }}
),

renamed as (
    select
        -- ids
        id as deal_id,
        {{ deal_key('pipedrive', 'id') }} as deal_key,
        pipeline_id,
        stage_id,
        {{ user_key('owner_id') }} as owner_id,
        org_id as organization_id,
        person_id,

        -- text
        lower(nullif(btrim(status), '')) as status,
        {{ currency_code('currency') }} as currency,
        {{ lost_reason_key('lost_reason') }} as lost_reason_id,

        -- columns that the loader does not know
        _extra as extra_columns,

        -- numerics
        value as amount,
        probability,

        -- booleans
        _is_deleted or coalesce(is_deleted, false) as is_deleted,

        -- dates and timestamps
        expected_close_date as close_date,
        add_time as created_at,
        update_time as modified_at,
        won_time as won_at,
        lost_time as lost_at,
        _loaded_at
    from source
)

select * from renamed
