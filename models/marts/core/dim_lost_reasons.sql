-- Grain: one row per lost reason of the CRM, and one for 'Unknown' (losses without a reason or with an unlisted one).
with field_options as (
    select * from {{ ref('int_field_options') }}
    where field_key = 'lost_reason'
),

final as (
    select
        option_id as lost_reason_id,
        coalesce(option_label, 'Unknown') as lost_reason
    from field_options
    where option_id != 'unknown'
    union all
    select
        'unknown' as lost_reason_id,
        'Unknown' as lost_reason
)

select * from final
