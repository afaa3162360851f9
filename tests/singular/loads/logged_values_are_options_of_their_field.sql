-- Stages, pipelines, statuses and lost reasons in the log are among the options that the fields export lists for them.
{{ config(severity='warn', fail_calc='coalesce(sum(failing_rows), 0)') }}
with fields as (
    select * from {{ ref('stg_pipedrive__fields') }}
    where
        not is_deleted
        and jsonb_typeof(field_options) = 'array'
        and field_key in ('stage_id', 'pipeline_id', 'status', 'lost_reason')
),

options as (
    select
        fields.field_key,
        choices.choice ->> 'id' as option_id
    from fields
    cross join lateral jsonb_array_elements(fields.field_options) as choices (choice)
),

-- Counted before the fields are looked up: a list that stands here is searched in half the time.
counts as (
    select
        field_key,
        new_value,
        count(*) as failing_rows
    from {{ ref('stg_pipedrive__deal_changes') }}
    where
        not is_deleted
        and new_value is not null
        and field_key in ('stage_id', 'pipeline_id', 'status', 'lost_reason')
    group by field_key, new_value
),

logged as (
    select
        *,
        sum(failing_rows) over () as tested_rows
    from counts
    where field_key in (select fields.field_key from fields)
)

select logged.*
from logged
left join options
    on
        logged.field_key = options.field_key
        and logged.new_value = options.option_id
where options.option_id is null
