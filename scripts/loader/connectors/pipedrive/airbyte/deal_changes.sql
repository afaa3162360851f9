-- mode: delta. A sync that starts anew holds the deals of the last 30 days alone; what it lacks is no less true.
-- needs deal_flow: id, item_id/deal_id, field_key, new_value, log_time
-- takes deal_flow: old_value
-- newest of deal_flow: id by _airbyte_extracted_at/_airbyte_emitted_at
-- needs deals: id, add_time, stage_id
-- takes deals: stage_change_time, pipeline_id, status, user_id/owner_id, value/value__v_double, currency
-- takes deals: expected_close_date, probability, lost_reason, won_time, lost_time, update_time, deleted/is_deleted
-- newest of deals: id by _airbyte_extracted_at/_airbyte_emitted_at
-- lacks: deals that did not change in the 30 days before the first sync
--
-- dlt keeps what is no whole number in a column of its own, value__v_double.
-- The flow holds changes. What a deal began with is the old value of a field's first change; of a field that the flow
-- does not have, the value of today: at the creation, or when it came about where the deal says so.
with flow as (
    select
        id,
        item_id as deal_id,
        log_time as change_time,
        case field_key when 'owner_id' then 'user_id' else field_key end as field_key,
        old_value,
        new_value
    from deal_flow
),

first_changes as (
    select distinct on (deal_id, field_key)
        deal_id,
        field_key,
        -- In one spelling with the value that stood in the deal until the change came.
        case
            when field_key = 'value' and old_value ~ '^[0-9]+[.][0-9]+$' then trim_scale(old_value::numeric)::text else old_value
        end as old_value
    from flow
    order by deal_id, field_key, change_time, length(id), id
),

deletions as (
    select distinct deal_id
    from flow
    where field_key = 'status' and new_value = 'deleted'
),

closings as (
    select
        *,
        case when deleted = 'true' then 'deleted' else coalesce(status, 'open') end as outcome
    from deals
),

-- Of each field the value at creation, and the one that came later with its time, both by what the deal says today.
fields as (
    select
        closings.id as deal_id,
        closings.add_time,
        field.position,
        field.field_key,
        field.first_value,
        field.later_value,
        field.later_at
    from closings
    cross join lateral (
        values
        (1, 'add_time', replace(left(add_time, 19), ' ', 'T'), null, null),
        (
            2, 'status', 'open', nullif(outcome, 'open'),
            coalesce(case outcome when 'won' then won_time when 'lost' then lost_time end, update_time)
        ),
        (3, 'pipeline_id', pipeline_id, null, null),
        (
            4, 'stage_id', case when stage_change_time > add_time then null else stage_id end,
            case when stage_change_time > add_time then stage_id end, stage_change_time
        ),
        (5, 'user_id', user_id, null, null),
        (6, 'value', value, null, null),
        (7, 'currency', currency, null, null),
        (8, 'expected_close_date', expected_close_date, null, null),
        (9, 'probability', probability, null, null),
        (10, 'lost_reason', null, lost_reason, lost_time)
    ) as field (position, field_key, first_value, later_value, later_at)
),

changes as (
    select
        fields.deal_id,
        fields.add_time as change_time,
        fields.field_key,
        case when first_changes.deal_id is null then fields.first_value else first_changes.old_value end as new_value,
        fields.position
    from fields
    left join first_changes
        on fields.deal_id = first_changes.deal_id and fields.field_key = first_changes.field_key
    union all
    select
        fields.deal_id,
        fields.later_at as change_time,
        fields.field_key,
        fields.later_value as new_value,
        fields.position
    from fields
    left join first_changes
        on fields.deal_id = first_changes.deal_id and fields.field_key = first_changes.field_key
    left join deletions
        on fields.deal_id = deletions.deal_id
    where
        fields.later_at is not null
        and (first_changes.deal_id is null or (fields.later_value = 'deleted' and deletions.deal_id is null))
),

all_changes as (
    select
        deal_id,
        change_time,
        field_key,
        new_value,
        null as old_value,
        position,
        '' as id
    from changes
    where new_value is not null
    union all
    select
        deal_id,
        change_time,
        field_key,
        new_value,
        old_value,
        100 as position,
        id
    from flow
)

select
    deal_id,
    change_time,
    field_key as changed_field_key,
    new_value,
    old_value
from all_changes
order by position, length(id), id
