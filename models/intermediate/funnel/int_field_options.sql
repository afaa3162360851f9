-- Grain: one row per CRM field and option, decoded from the JSON of the fields export.
with fields as (
    select * from {{ ref('stg_pipedrive__fields') }}
    where
        jsonb_typeof(field_options) = 'array'
        and not is_deleted
),

options as (
    select
        fields.field_key,
        decoded.option_json ->> 'id' as option_id,
        btrim(decoded.option_json ->> 'label') as option_label,
        row_number() over (
            partition by fields.field_key, decoded.option_json ->> 'id'
            -- Of ids that are numbers, by number.
            order by length(fields.field_id), fields.field_id, decoded.option_position
        ) as option_rank
    from fields
    cross join lateral jsonb_array_elements(fields.field_options) with ordinality as decoded (option_json, option_position)
),

final as (
    select
        field_key,
        option_id,
        option_label
    from options
    where
        option_rank = 1
        and option_id is not null
)

select * from final
