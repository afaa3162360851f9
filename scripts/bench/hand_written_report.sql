-- The report in one statement, as somebody would write it who needs it once: no layers, no tests, no increments. It
-- takes for granted a log with statuses, one instant of a deal in the order of the file, the sample's steps, and entries in
-- every month.
with newest_changes as (
    select
        deal_id,
        change_time as happened_at,
        _row_number as log_position,
        changed_field_key = 'stage_id' as is_stage,
        changed_field_key = 'pipeline_id' as is_pipeline,
        new_value,
        lag(new_value) over (partition by deal_id, changed_field_key order by change_time, _loaded_at, _row_number) as previous_value
    from raw.deal_changes
    where
        changed_field_key in ('stage_id', 'status', 'pipeline_id')
        and not _is_deleted
        and (deal_id, change_time, changed_field_key, new_value, _occurrence, _version) not in (
            select
                superseded.deal_id,
                superseded.change_time,
                superseded.changed_field_key,
                superseded.new_value,
                superseded._occurrence,
                superseded._version
            from raw.deal_changes as superseded
            inner join raw.deal_changes as later
                on
                    superseded.deal_id = later.deal_id
                    and superseded.change_time = later.change_time
                    and superseded.changed_field_key = later.changed_field_key
                    and superseded.new_value = later.new_value
                    and superseded._occurrence = later._occurrence
                    and superseded._version < later._version
            where later._version > 1
        )
),

-- A deal that was deleted at last counts nowhere.
deleted_deals as (
    select deal_id
    from newest_changes
    where not is_stage and not is_pipeline
    group by deal_id
    having (array_agg(new_value order by happened_at desc, log_position desc))[1] = 'deleted'
),

moves as (
    select
        *,
        count(*) filter (where is_stage) over (partition by deal_id order by happened_at, log_position) as stage_number,
        is_stage or new_value = 'open' as is_entry
    from newest_changes
    where
        is_stage
        or (not is_pipeline and new_value is distinct from previous_value and not (new_value = 'open' and previous_value is null))
),

located as (
    select
        *,
        first_value(case when is_stage then new_value end) over (
            partition by deal_id, stage_number
            order by happened_at, log_position
        ) as stage
    from moves
),

compared as (
    select
        *,
        lag(stage) over (partition by deal_id order by happened_at, log_position) as previous_stage,
        lag(is_entry) over (partition by deal_id order by happened_at, log_position) as previous_is_entry
    from located
),

deal_pipelines as (
    select distinct on (deal_id)
        deal_id,
        new_value as pipeline
    from newest_changes
    where is_pipeline
    order by deal_id asc, happened_at desc, new_value::bigint desc
),

events as (
    select
        deal_id,
        stage as funnel_step,
        happened_at
    from compared
    where
        is_entry
        and stage in ('1', '2', '3', '4', '5', '6', '7', '8', '9')
        and not (coalesce(previous_is_entry, false) and stage = previous_stage)
    union all
    select
        compared.deal_id,
        case compared.new_value when 'won' then 'Won' else 'Lost' end as funnel_step,
        compared.happened_at
    from compared
    left join deal_pipelines on compared.deal_id = deal_pipelines.deal_id
    where
        not compared.is_stage
        and compared.new_value in ('won', 'lost')
        and coalesce(deal_pipelines.pipeline, '1') = '1'
    union all
    select
        activities.deal_id,
        case activities.type when 'meeting' then '2.1' else '3.1' end as funnel_step,
        activities.due_to as happened_at
    from raw.activity as activities
    left join deal_pipelines on activities.deal_id = deal_pipelines.deal_id
    where
        activities.done
        and activities.type in ('meeting', 'sc_2')
        and not activities._is_deleted
        and not exists (
            select 1 from raw.activity as later
            where
                later._version > 1
                and later.deal_id = activities.deal_id
                and later.activity_id = activities.activity_id
                and later._version > activities._version
        )
        and coalesce(deal_pipelines.pipeline, '1') = '1'
),

numbered_entries as (
    select
        funnel_step,
        date_trunc('month', happened_at)::date as month,
        row_number() over (partition by deal_id, funnel_step order by happened_at) as entry_number
    from events
    where deal_id not in (select deleted_deals.deal_id from deleted_deals)
),

cells as (
    select
        month,
        funnel_step,
        count(*) filter (where entry_number = 1) as deals_count,
        count(*) as entries_count
    from numbered_entries
    group by month, funnel_step
),

steps as (
    select *
    from (
        values
        ('Lead Generation', '1', 1),
        ('Qualified Lead', '2', 2),
        ('Sales Call 1', '2.1', 3),
        ('Needs Assessment', '3', 4),
        ('Sales Call 2', '3.1', 5),
        ('Proposal/Quote Preparation', '4', 6),
        ('Negotiation', '5', 7),
        ('Closing', '6', 8),
        ('Implementation/Onboarding', '7', 9),
        ('Follow-up/Customer Success', '8', 10),
        ('Renewal/Expansion', '9', 11),
        ('Won', 'Won', 12),
        ('Lost', 'Lost', 13)
    ) as listed (kpi_name, funnel_step, step_order)
),

months as (
    select distinct month
    from cells
)

select
    months.month,
    steps.kpi_name,
    steps.funnel_step,
    steps.step_order,
    coalesce(cells.deals_count, 0) as deals_count,
    coalesce(cells.entries_count, 0) as entries_count
from months
cross join steps
left join cells
    on
        months.month = cells.month
        and steps.funnel_step = cells.funnel_step
