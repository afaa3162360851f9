-- Grain: one row per channel of the setting channels, 'Unknown' among them.
with channels as (
    select
        channel,
        utm_source,
        is_paid
    from {{ ref('stg_settings__channels') }}
    union all
    select
        'Unknown' as channel,
        null as utm_source,
        false as is_paid
),

-- Links of one channel may be tagged with several sources, as those of Paid Social.
final as (
    select
        channel,
        string_agg(distinct utm_source, ', ' order by utm_source) as utm_source,
        bool_or(is_paid) as is_paid
    from channels
    group by channel
)

select * from final
