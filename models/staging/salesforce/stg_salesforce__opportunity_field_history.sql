{% set is_owner = "lower(btrim(field)) = 'owner'" %}

with source as (
    {{ newest_versions(
        source('salesforce', 'salesforce_opportunity_field_history'),
        key_columns=['opportunityid', 'field', 'createddate', '_occurrence'],
        nullable_key_columns=['oldvalue', 'newvalue'],
    ) }}
),

renamed as (
    select
        -- ids
        opportunityid as opportunity_id,
        {{ deal_key('salesforce', 'opportunityid') }} as deal_key,
        _row_number as log_position,
        _occurrence as occurrence,

        -- text: owner changes come as ids and once more as names, which are masked; an id has a digit, no blank and no @
        case when {{ is_owner }} then 'Owner' else btrim(field) end as field_name,
        case when {{ is_owner }} and oldvalue !~ '^[^\s@]*[0-9][^\s@]*$' then {{ mask_words('oldvalue') }} else oldvalue end as old_value,
        case when {{ is_owner }} and newvalue !~ '^[^\s@]*[0-9][^\s@]*$' then {{ mask_words('newvalue') }} else newvalue end as new_value,

        -- booleans
        _is_deleted as is_deleted,

        -- timestamps
        createddate as changed_at,
        coalesce(_first_loaded_at, _loaded_at) as first_loaded_at,
        _loaded_at
    from source
)

select * from renamed
