-- How much revenue does each attribution model give to each channel, and what share of it has no touch?
select
    channel,
    round(sum(revenue_credit) filter (where model = 'first')) as first_touch_revenue,
    round(sum(revenue_credit) filter (where model = 'last')) as last_touch_revenue,
    round(sum(revenue_credit) filter (where model = 'linear')) as linear_revenue,
    round(sum(won_credit) filter (where model = 'linear'), 1) as linear_wins
from {{ ref('rep_channel_attribution') }}
group by channel
order by linear_revenue desc
