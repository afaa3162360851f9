{% set is_id = "lower(btrim(property)) in ('dealstage', 'pipeline', 'hubspot_owner_id')" %}

with source as (
    {{ newest_versions(
        source('hubspot', 'hubspot_deal_property_history'),
        key_columns=['deal_id', 'property', 'timestamp', '_occurrence'],
        nullable_key_columns=['value'],
    ) }}
),

renamed as (
    select
        -- ids
        deal_id,
        {{ deal_key('hubspot', 'deal_id') }} as deal_key,
        _row_number as log_position,
        _occurrence as occurrence,

        -- text
        lower(btrim(property)) as property,
        {{ plain_id('value', is_id) }} as value,
        nullif(btrim(source_type), '') as source_type,

        -- booleans
        _is_deleted as is_deleted,

        -- timestamps
        timestamp as changed_at,
        coalesce(_first_loaded_at, _loaded_at) as first_loaded_at,
        _loaded_at
    from source
)

select * from renamed
