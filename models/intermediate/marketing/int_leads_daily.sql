-- Grain: one row per day and channel with leads created. A lead names a source but no campaign.
with leads as (
    select * from {{ ref('stg_marketing__leads') }}
    where
        not is_deleted
        and {{ is_plausible_date('created_at') }}
),

channels as (
    select * from {{ ref('stg_settings__channels') }}
),

final as (
    select
        {{ cut_day('leads.created_at') }} as day,
        coalesce(channels.channel, 'Unknown') as channel,
        '(none)' as campaign,
        count(*) as leads_count
    from leads
    left join channels on leads.channel_spelling = channels.spelling
    group by {{ cut_day('leads.created_at') }}, coalesce(channels.channel, 'Unknown')
)

select * from final
