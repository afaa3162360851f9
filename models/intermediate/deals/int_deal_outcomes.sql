-- Grain: one row per deal and change of outcome (won, lost, deleted, reopened).
-- The status log decides. A deal without one, as in exports that lack the field, is lost whenever a lost reason is set.
with changes as (
    select *
    from {{ ref('stg_pipedrive__deal_changes') }}
    where
        field_key in ('status', 'lost_reason')
        and new_value is not null
        and not is_deleted
        and {{ is_plausible_date('changed_at') }}
),

classified as (
    select
        *,
        bool_or(field_key = 'status') over (partition by deal_id) as has_status_log
    from changes
),

statuses as (
    select
        *,
        case
            when field_key = 'status' then new_value
            when not has_status_log then 'lost'
        end as status
    from classified
),

-- A lost reason belongs to the status in force at its instant, wherever the log lists it.
numbered as (
    select
        *,
        count(status) over (
            partition by deal_id
            order by changed_at, (status is null), first_loaded_at, log_position
            rows unbounded preceding
        ) as status_number
    from statuses
),

status_changes as (
    select
        deal_id,
        status_number,
        bool_or(has_status_log) as has_status_log,
        max(status) as status,
        min(changed_at) as occurred_at,
        (array_agg(new_value order by changed_at desc, first_loaded_at desc, log_position desc) filter (where field_key = 'lost_reason'))[1]
            as lost_reason_id,
        min(log_position) filter (where status is not null) as log_position,
        min(first_loaded_at) filter (where status is not null) as first_loaded_at,
        max(_loaded_at) as _loaded_at
    from numbered
    where status_number > 0
    group by deal_id, status_number
),

compared as (
    select
        *,
        lag(status) over (partition by deal_id order by status_number) as previous_status
    from status_changes
),

final as (
    select
        deal_id,
        case when status = 'open' then 'reopened' else status end as outcome,
        occurred_at,
        case when status = 'lost' then {{ lost_reason_key('lost_reason_id') }} end as lost_reason_id,
        log_position,
        first_loaded_at,
        _loaded_at
    from compared
    where
        (status in ('won', 'lost', 'deleted') and (status is distinct from previous_status or not has_status_log))
        or (status = 'open' and previous_status in ('won', 'lost', 'deleted'))
)

select * from final
