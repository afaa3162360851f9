-- Grain: one row per day, channel and campaign, dense. The rolling windows end with the day and add up its parts.
{% set measures = [
    'impressions', 'clicks', 'sessions_count', 'converted_sessions_count', 'opportunities_count', 'won_count',
] %}
{% set rates = {
    'click_rate_30d': ('clicks', 'impressions'),
    'site_conversion_30d': ('converted_sessions_count', 'sessions_count'),
    'won_rate_30d': ('won_count', 'opportunities_count'),
} %}

with days as (
    select * from {{ ref('fct_channel_daily') }}
),

rolling as (
    select
        day,
        channel,
        campaign,
        {%- for measure in measures %}
        {{ measure }},
        {%- for window in [7, 30] %}
        (sum({{ measure }}) over last_{{ window }}_days)::bigint as {{ measure }}_{{ window }}d,
        {%- endfor %}
        {%- endfor %}
        count(*) over last_30_days as days_held_30d
    from days
    window
        last_7_days as (partition by channel, campaign order by day rows between 6 preceding and current row),
        last_30_days as (partition by channel, campaign order by day rows between 29 preceding and current row)
),

final as (
    select
        {%- for rate, (numerator, denominator) in rates.items() %}
        {{ divide(numerator ~ '_30d', denominator ~ '_30d') }} as {{ rate }},
        {%- endfor %}
        rolling.*
    from rolling
)

select * from final
