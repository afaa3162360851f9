{% set tasks, events = source('salesforce', 'salesforce_task'), source('salesforce', 'salesforce_event') %}

with task_versions as (
    {{ newest_versions(tasks, key_columns=['id'], nullable_key_columns=['whatid'], deal_key=deal_key('salesforce', 'whatid')) }}
),

latest_tasks as (
    {{ latest_versions(tasks) }}
),

event_versions as (
    {{ newest_versions(events, key_columns=['id'], nullable_key_columns=['whatid'], deal_key=deal_key('salesforce', 'whatid')) }}
),

latest_events as (
    {{ latest_versions(events) }}
),

event_loads as (
    select * from {{ source('loads', 'load_batches') }}
    where
        file_name = 'event.csv'
        and _loaded_at <= {{ loaded_until() }}
),

-- The subject and the description are not loaded, since they name people.
activities as (
    select
        versions.deal_key,
        versions.whatid as what_id,
        versions.id as activity_id,
        coalesce(nullif(btrim(versions.type), ''), nullif(btrim(versions.tasksubtype), ''), 'Task') as activity_type,
        versions.ownerid as owner_id,
        coalesce(versions.isclosed, versions.completeddatetime is not null or lower(btrim(versions.status)) = 'completed', false) as is_closed,
        ({{ end_of_day('versions.activitydate - 1') }}) as due_at,
        versions.completeddatetime as completed_at,
        null::timestamptz as ends_at,
        versions._is_deleted or coalesce(versions.isdeleted, false) or coalesce(latest.last_version > versions._version, false) as is_deleted,
        versions._row_number as log_position,
        greatest(versions._loaded_at, latest._loaded_at) as last_loaded_at
    from task_versions as versions
    left join latest_tasks as latest on versions.id = latest.id
    union all
    select
        versions.deal_key,
        versions.whatid as what_id,
        versions.id as activity_id,
        coalesce(nullif(btrim(versions.type), ''), 'Event') as activity_type,
        versions.ownerid as owner_id,
        false as is_closed,
        coalesce(versions.startdatetime, versions.activitydatetime, versions.enddatetime) as due_at,
        null as completed_at,
        coalesce(versions.enddatetime, versions.startdatetime, versions.activitydatetime) as ends_at,
        versions._is_deleted or coalesce(versions.isdeleted, false) or coalesce(latest.last_version > versions._version, false) as is_deleted,
        versions._row_number as log_position,
        greatest(versions._loaded_at, latest._loaded_at) as last_loaded_at
    from event_versions as versions
    left join latest_events as latest on versions.id = latest.id
),

-- An event takes place without a word from Salesforce: the first load of the events after it counts as the one that told so.
dated as (
    select
        *,
        case
            when last_loaded_at < ends_at
                then coalesce(
                    (
                        select min(event_loads._loaded_at)
                        from event_loads
                        where event_loads._loaded_at >= activities.ends_at
                    ),
                    last_loaded_at
                )
            else last_loaded_at
        end as _loaded_at
    from activities
),

final as (
    select
        deal_key,
        what_id,
        activity_id,
        activity_type,
        nullif(btrim(owner_id), '') as owner_id,
        coalesce(ends_at <= _loaded_at, is_closed) as is_done,
        due_at,
        completed_at,
        is_deleted,
        log_position,
        _loaded_at
    from dated
)

select * from final
