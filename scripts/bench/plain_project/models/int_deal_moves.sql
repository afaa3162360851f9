-- An export without statuses still says why a deal was lost, and so that it was.
with changes as (
    select
        deal_id,
        changed_at,
        log_position,
        field_key = 'stage_id' as is_stage,
        field_key = 'status' as is_status,
        case when field_key = 'lost_reason' then 'lost' else new_value end as new_value
    from {{ ref('stg_deal_changes') }}
    where
        field_key in ('stage_id', 'status')
        or (field_key = 'lost_reason' and 'status' not in (select field_key from {{ ref('stg_deal_changes') }}))
),

compared as (
    select
        *,
        lag(new_value) over (partition by deal_id, is_stage order by changed_at, log_position) as previous_value
    from changes
),

-- A status that repeats the one before is no move, nor is a deal's first one where that is open.
moves as (
    select
        *,
        is_stage or new_value = 'open' as is_entry,
        count(*) filter (where is_stage) over (partition by deal_id order by changed_at, log_position) as stage_number
    from compared
    where not is_status or (new_value is distinct from previous_value and not (new_value = 'open' and previous_value is null))
),

located as (
    select
        *,
        first_value(case when is_stage then new_value end) over (
            partition by deal_id, stage_number
            order by changed_at, log_position
        ) as stage_id
    from moves
)

select
    deal_id,
    stage_id,
    new_value,
    changed_at,
    is_stage,
    is_entry,
    lag(stage_id) over (partition by deal_id order by changed_at, log_position) as previous_stage_id,
    coalesce(lag(is_entry) over (partition by deal_id order by changed_at, log_position), false) as is_after_entry
from located
