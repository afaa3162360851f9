-- Win rate of each owner over the last four quarters, among those with enough closings to compare, and where the rate is going.
select
    trend.crm_source,
    trend.trailing_rank,
    trend.member_name as owner_name_masked,
    trend.trailing_won_count as won_count,
    trend.trailing_lost_count as lost_count,
    round(100 * trend.trailing_win_rate, 1) as win_rate_percent,
    round(100 * trend.trailing_win_rate_by_value, 1) as win_rate_by_value_percent,
    trend.win_rate_change_year_pp
from {{ ref('rep_win_rate_trend') }} as trend
inner join {{ ref('dim_as_of') }} as as_of on trend.quarter = as_of.current_quarter
where
    trend.dimension = 'owner'
    and not trend.is_small_sample
order by trend.crm_source, trend.trailing_rank
