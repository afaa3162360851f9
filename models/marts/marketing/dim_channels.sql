-- Grain: one row per channel of the seed, 'Unknown' among them.
with channels as (
    select * from {{ ref('stg_settings__channels') }}
),

final as (
    select
        channel,
        utm_source,
        is_paid
    from channels
    union distinct
    select
        'Unknown' as channel,
        null as utm_source,
        false as is_paid
)

select * from final
