-- Win rate of each quarter against the one before and the same one a year before, and over four quarters; all deals of a CRM.
select
    crm_source,
    quarter,
    is_complete,
    won_count,
    lost_count,
    round(100 * win_rate, 1) as win_rate_percent,
    round(win_rate_change_pp, 1) as change_pp,
    round(win_rate_change_year_pp, 1) as change_year_pp,
    round(100 * trailing_win_rate, 1) as trailing_win_rate_percent
from {{ ref('rep_win_rate_trend') }}
where dimension = 'all'
order by crm_source, quarter
