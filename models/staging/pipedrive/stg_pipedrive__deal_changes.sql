with source as (
    {{ newest_versions(
        source('pipedrive', 'deal_changes'),
        key_columns=['deal_id', 'change_time', 'changed_field_key', '_occurrence'],
        nullable_key_columns=['new_value'],
    ) }}
),

trimmed as (
    select
        *,
        btrim(changed_field_key) as field_key,
        nullif(btrim(new_value), '') as new_text,
        nullif(btrim(old_value), '') as old_text
    from source
),

renamed as (
    select
        -- ids
        deal_id,
        _row_number as log_position,
        _occurrence as occurrence,

        -- text
        field_key,
        {%- for value in ['new', 'old'] %}
        case
            when field_key in ('stage_id', 'user_id', 'pipeline_id', 'lost_reason') then {{ plain_id(value ~ '_text') }}
            else {{ value }}_text
        end as {{ value }}_value,
        {%- endfor %}

        -- booleans
        _is_deleted as is_deleted,

        -- timestamps
        change_time as changed_at,
        coalesce(_first_loaded_at, _loaded_at) as first_loaded_at,
        _loaded_at
    from trimmed
)

select * from renamed
