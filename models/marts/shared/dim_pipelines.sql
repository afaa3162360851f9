-- Grain: one row per pipeline: the default one, and each that has stages in the CRM or events in the log.
with stages as (
    select * from {{ ref('dim_stages') }}
),

events as (
    select distinct pipeline_id
    from {{ ref('fct_funnel_events') }}
),

field_options as (
    select * from {{ ref('int_field_options') }}
    where field_key = 'pipeline_id'
),

pipelines as (
    select pipeline_id
    from stages
    union
    select pipeline_id
    from events
    union
    select {{ var('default_pipeline_id') }} as pipeline_id
),

stage_counts as (
    select
        pipeline_id,
        count(stage_rank)::integer as stages_count
    from stages
    group by pipeline_id
),

final as (
    select
        pipelines.pipeline_id::bigint as pipeline_id,
        coalesce(field_options.option_label, 'Pipeline ' || pipelines.pipeline_id) as pipeline_name,
        pipelines.pipeline_id = {{ var('default_pipeline_id') }} as is_default,
        coalesce(stage_counts.stages_count, 0) as stages_count
    from pipelines
    left join stage_counts on pipelines.pipeline_id = stage_counts.pipeline_id
    left join field_options on pipelines.pipeline_id::text = field_options.option_id
)

select * from final
