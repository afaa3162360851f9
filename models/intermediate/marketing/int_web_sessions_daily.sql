-- Grain: one row per day, channel and campaign with web sessions.
with sessions as (
    select * from {{ ref('stg_marketing__web_sessions') }}
    where
        not is_deleted
        and {{ is_plausible_date('session_date', is_date=true) }}
),

channels as (
    select * from {{ ref('stg_settings__channels') }}
),

final as (
    select
        sessions.session_date as day,
        coalesce(channels.channel, 'Unknown') as channel,
        sessions.campaign,
        count(*) as sessions_count,
        count(*) filter (where sessions.conversions > 0) as converted_sessions_count,
        sum(sessions.conversions)::bigint as form_submissions_count
    from sessions
    left join channels on sessions.channel_spelling = channels.spelling
    group by sessions.session_date, coalesce(channels.channel, 'Unknown'), sessions.campaign
)

select * from final
