-- Grain: one row per pipeline that has stages or funnel steps.
with stages as (
    select * from {{ ref('int_stages_ranked') }}
),

steps as (
    select * from {{ ref('funnel_steps') }}
),

field_options as (
    select * from {{ ref('int_field_options') }}
    where field_key = 'pipeline_id'
),

pipelines as (
    select
        pipeline_id,
        count(*) as stages_count
    from stages
    group by pipeline_id
    union all
    select distinct
        pipeline_id,
        0 as stages_count
    from steps
),

counted as (
    select
        pipeline_id,
        sum(stages_count)::integer as stages_count
    from pipelines
    group by pipeline_id
),

final as (
    select
        counted.pipeline_id,
        coalesce(field_options.option_label, 'Pipeline ' || counted.pipeline_id) as pipeline_name,
        counted.pipeline_id = {{ var('default_pipeline_id') }} as is_default,
        counted.stages_count
    from counted
    left join field_options on counted.pipeline_id::text = field_options.option_id
)

select * from final
