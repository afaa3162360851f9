-- A stage of Pipedrive bears the same name in the stages export, in the options of the field stage_id and in the steps file,
-- whatever the case. Only the id says which step a stage is, so another name is no wrong figure.
{{ config(severity='warn', fail_calc='coalesce(sum(failing_rows), 0)') }}
with deal_fields as (
    select * from {{ ref('stg_pipedrive__fields') }}
),

named_stages as (
    select
        stage_id,
        stage_name
    from {{ ref('stg_pipedrive__stages') }}
    where not is_deleted
    union all
    select
        choices.choice ->> 'id' as stage_id,
        choices.choice ->> 'label' as stage_name
    from deal_fields
    cross join lateral jsonb_array_elements(deal_fields.field_options) as choices (choice)
    where
        deal_fields.field_key = 'stage_id'
        and not deal_fields.is_deleted
        and jsonb_typeof(deal_fields.field_options) = 'array'
    union all
    select
        source_value as stage_id,
        kpi_name as stage_name
    from {{ ref('int_funnel_steps') }}
    where
        crm_source = 'pipedrive'
        and event_type = 'stage'
),

counted as (
    select
        stage_id,
        array_agg(distinct stage_name) as stage_names,
        count(distinct lower(stage_name)) as names_count,
        1 as failing_rows,
        count(*) over () as tested_rows
    from named_stages
    group by stage_id
)

select * from counted
where names_count > 1
