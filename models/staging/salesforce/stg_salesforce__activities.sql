{% set tasks, events = source('salesforce', 'salesforce_task'), source('salesforce', 'salesforce_event') %}
{% set deal_key = deal_key('salesforce', 'whatid') %}
{% set ends_at = 'coalesce(enddatetime, startdatetime, activitydatetime)' %}

with tasks as (
    {{ newest_versions(tasks, key_columns=['id'], deal_key=deal_key) }}
),

events as not materialized (
    {{ newest_versions(events, key_columns=['id'], deal_key=deal_key) }}
),

event_loads as (
    select * from {{ source('loads', 'load_batches') }}
    where
        file_name = 'event.csv'
        and _loaded_at <= {{ loaded_until() }}
),

latest_tasks as (
    {{ latest_versions(tasks) }}
),

latest_events as (
    {{ latest_versions(events) }}
),

-- What has passed to another deal, under the one that it has left. Few have several versions: those are looked up by their ids.
former_tasks as (
    select versions.*
    from (
        {{ newest_versions(tasks, key_columns=['id'], nullable_key_columns=['whatid'], deal_key=deal_key) }}
    ) as versions
    where versions.id = any(array(select latest_tasks.id from latest_tasks))
),

former_events as (
    select versions.*
    from (
        {{ newest_versions(events, key_columns=['id'], nullable_key_columns=['whatid'], deal_key=deal_key) }}
    ) as versions
    where versions.id = any(array(select latest_events.id from latest_events))
),

-- The subject and the description are not loaded, since they name people. An event takes place without a word from Salesforce: the
-- first load of the events after it counts as the one that told so. All else has raw's own _loaded_at, for that has an index.
final as (
    select
        deal_key,
        whatid as what_id,
        id as activity_id,
        coalesce(nullif(btrim(type), ''), nullif(btrim(tasksubtype), ''), 'Task') as activity_type,
        nullif(btrim(ownerid), '') as owner_id,
        coalesce(isclosed, completeddatetime is not null or lower(btrim(status)) = 'completed', false) as is_done,
        ({{ end_of_day('activitydate - 1') }}) as due_at,
        completeddatetime as completed_at,
        _is_deleted or coalesce(isdeleted, false) as is_deleted,
        coalesce(isrecurrence, false) as is_copy,
        _row_number as log_position,
        _loaded_at
    from tasks
    union all
    select
        deal_key,
        whatid as what_id,
        id as activity_id,
        coalesce(nullif(btrim(type), ''), 'Event') as activity_type,
        nullif(btrim(ownerid), '') as owner_id,
        {{ ends_at }} is not null as is_done,
        coalesce(startdatetime, activitydatetime, enddatetime) as due_at,
        null as completed_at,
        _is_deleted or coalesce(isdeleted, false) as is_deleted,
        coalesce(ischild, false) or coalesce(isrecurrence, false) as is_copy,
        _row_number as log_position,
        _loaded_at
    from events
    where ({{ ends_at }} > _loaded_at) is not true
    union all
    select
        deal_key,
        whatid as what_id,
        id as activity_id,
        coalesce(nullif(btrim(type), ''), 'Event') as activity_type,
        nullif(btrim(ownerid), '') as owner_id,
        exists(
            select 1
            from event_loads
            where event_loads._loaded_at >= {{ ends_at }}
        ) as is_done,
        coalesce(startdatetime, activitydatetime, enddatetime) as due_at,
        null as completed_at,
        _is_deleted or coalesce(isdeleted, false) as is_deleted,
        coalesce(ischild, false) or coalesce(isrecurrence, false) as is_copy,
        _row_number as log_position,
        coalesce(
            (
                select min(event_loads._loaded_at)
                from event_loads
                where event_loads._loaded_at >= {{ ends_at }}
            ),
            _loaded_at
        ) as _loaded_at
    from events
    where {{ ends_at }} > _loaded_at
    {%- for kind in ['tasks', 'events'] %}
    union all
    select
        former.deal_key,
        former.whatid as what_id,
        former.id as activity_id,
        null as activity_type,
        null as owner_id,
        false as is_done,
        null as due_at,
        null as completed_at,
        true as is_deleted,
        false as is_copy,
        former._row_number as log_position,
        latest._loaded_at
    from former_{{ kind }} as former
    inner join latest_{{ kind }} as latest
        on
            former.id = latest.id
            and former._version < latest.last_version
    {%- endfor %}
)

select * from final
