-- A visit that ended by a move is followed at once by one in the stage moved to, and visits are numbered without gaps.
with visits as (
    select
        *,
        lead(visit_number) over timeline as following_number,
        lead(stage_id) over timeline as following_stage_id,
        lead(entered_at) over timeline as following_entered_at
    from {{ ref('fct_deal_stage_history') }}
    window timeline as (partition by deal_key order by visit_number)
)

select
    crm_source,
    deal_id,
    visit_number,
    moved
from visits
where
    following_number <> visit_number + 1
    or (
        moved in ('forward', 'skipped', 'backward', 'transferred')
        and (exited_at, next_stage_id) is distinct from (following_entered_at, following_stage_id)
    )
    -- Only the last visit may be open.
    or (moved = 'open' and following_number is not null)
