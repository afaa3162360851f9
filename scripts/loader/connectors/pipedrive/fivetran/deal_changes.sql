-- mode: delta. What Fivetran no longer holds, after a re-sync say, is no less true.
-- needs deal_history: id/deal_id, _fivetran_start, add_time, stage_id
-- takes deal_history: _fivetran_end, _fivetran_active, update_time, pipeline_id, status, user_id/owner_id, value, currency
-- takes deal_history: expected_close_date, probability, lost_reason, deleted/is_deleted, won_time, lost_time, stage_change_time
-- lacks: the order of changes within one second, of which Fivetran keeps the last; a field set to the value it had
--
-- The table holds versions of whole deals. A change is a field that differs from the version before; the first version is
-- the deal as it was created, or, if the connector came later, as it was found: then the deal itself says since when it is in its
-- stage, and when it was won or lost. A deal without a current version was deleted.
with versions as (
    select
        *,
        row_number() over (partition by id order by _fivetran_start) as number,
        row_number() over (partition by id order by _fivetran_start desc) = 1 as is_last
    from deal_history
),

fields as (
    select
        versions.id,
        versions.number,
        case
            when versions.number > 1 then versions._fivetran_start
            else coalesce(field.found_at, versions.add_time, versions._fivetran_start)
        end as change_time,
        field.position,
        field.key,
        field.value,
        lag(field.value) over (partition by versions.id, field.key order by versions.number) as old_value
    from versions
    cross join lateral (
        values
        (1, 'add_time', replace(left(versions.add_time, 19), ' ', 'T'), null),
        (
            2, 'status', case when versions.deleted = 'true' then 'deleted' else versions.status end,
            case versions.status when 'won' then versions.won_time when 'lost' then versions.lost_time end
        ),
        (3, 'pipeline_id', versions.pipeline_id, null),
        (
            4, 'stage_id', versions.stage_id,
            case when versions.stage_change_time between versions.add_time and versions._fivetran_start then versions.stage_change_time end
        ),
        (5, 'user_id', versions.user_id, null),
        (6, 'value', versions.value, null),
        (7, 'currency', versions.currency, null),
        (8, 'expected_close_date', versions.expected_close_date, null),
        (9, 'probability', versions.probability, null),
        (10, 'lost_reason', versions.lost_reason, case when versions.status = 'lost' then versions.lost_time end)
    ) as field (position, key, value, found_at)
),

changes as (
    select
        id,
        change_time,
        key,
        value,
        old_value,
        number,
        position
    from fields
    where value is distinct from old_value and (number = 1 or key <> 'add_time')
    union all
    -- Before it was won or lost it was open.
    select
        id,
        coalesce(add_time, _fivetran_start) as change_time,
        'status' as key,
        'open' as value,
        null as old_value,
        0 as number,
        2 as position
    from versions
    where number = 1 and status in ('won', 'lost') and coalesce(deleted, '') <> 'true'
    union all
    select
        id,
        coalesce(_fivetran_end, update_time, _fivetran_start) as change_time,
        'status' as key,
        'deleted' as value,
        status as old_value,
        number + 1 as number,
        2 as position
    from versions
    where is_last and _fivetran_active = 'false' and coalesce(deleted, '') <> 'true' and status is distinct from 'deleted'
)

select
    id as deal_id,
    change_time,
    key as changed_field_key,
    value as new_value,
    old_value
from changes
order by length(id), id, number, position
