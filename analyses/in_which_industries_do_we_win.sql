-- Win rate by industry over the last four quarters; industries with few closings are shown, and said to be few.
select
    trend.crm_source,
    trend.member_name as industry,
    trend.trailing_won_count as won_count,
    trend.trailing_lost_count as lost_count,
    round(100 * trend.trailing_win_rate, 1) as win_rate_percent,
    trend.trailing_average_won_amount as average_won_amount,
    trend.is_small_sample
from {{ ref('rep_win_rate_trend') }} as trend
inner join {{ ref('dim_as_of') }} as as_of on trend.quarter = as_of.current_quarter
where trend.dimension = 'industry'
order by trend.crm_source asc, trend.is_small_sample asc, trend.trailing_win_rate desc nulls last
