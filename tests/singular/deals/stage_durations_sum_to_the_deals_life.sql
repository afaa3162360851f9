-- Days in stages plus days closed between visits equal the days from the first entry to the last exit; and a gap
-- between two visits exists only while the deal is closed.
with visits as (
    select
        *,
        lead(entered_at) over (partition by deal_key order by visit_number) as next_entered_at
    from {{ ref('fct_deal_stage_history') }}
),

gaps as (
    select
        *,
        coalesce(next_entered_at, exited_at) - exited_at as gap
    from visits
),

deals as (
    select
        deal_key,
        max(exited_at) - min(entered_at) as life,
        sum(days_in_stage) as days_in_stages,
        sum(extract(epoch from gap) / 86400) as days_closed,
        count(*) filter (where exited_at is null) as open_visits_count,
        bool_or(gap < interval '0' or (gap > interval '0' and moved not in ('won', 'lost', 'deleted'))) as has_bad_gap
    from gaps
    group by deal_key
)

select *
from deals
where
    has_bad_gap
    or open_visits_count > 1
    -- Each duration is rounded to a millionth of a day.
    or (open_visits_count = 0 and abs(extract(epoch from life) / 86400 - days_in_stages - days_closed) > 0.0001)
