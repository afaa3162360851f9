-- mode: delta. What Fivetran no longer holds, after a re-sync say, is no less true.
-- needs deal_history: id/deal_id, _fivetran_start, add_time, stage_id
-- takes deal_history: _fivetran_end, _fivetran_active, update_time, pipeline_id, status, user_id/owner_id, value, currency
-- takes deal_history: expected_close_date, probability, lost_reason, deleted/is_deleted
-- lacks: the order of changes within one second, of which Fivetran keeps the last; a field set to the value it had
--
-- The table holds versions of whole deals. A change is a field that differs from the version before; the first version is
-- the deal as it was created. A deal without a current version was deleted.
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
        case when versions.number = 1 then coalesce(versions.add_time, versions._fivetran_start) else versions._fivetran_start end as change_time,
        field.position,
        field.key,
        field.value,
        lag(field.value) over (partition by versions.id, field.key order by versions.number) as old_value
    from versions
    cross join lateral (
        values
        (1, 'add_time', replace(left(versions.add_time, 19), ' ', 'T')),
        (2, 'status', case when versions.deleted = 'true' then 'deleted' else versions.status end),
        (3, 'pipeline_id', versions.pipeline_id),
        (4, 'stage_id', versions.stage_id),
        (5, 'user_id', versions.user_id),
        (6, 'value', versions.value),
        (7, 'currency', versions.currency),
        (8, 'expected_close_date', versions.expected_close_date),
        (9, 'probability', versions.probability),
        (10, 'lost_reason', versions.lost_reason)
    ) as field (position, key, value)
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
