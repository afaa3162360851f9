-- Grain: one row per CRM and pipeline that has stages, steps or deals. The default one is that of rep_sales_funnel_monthly: the one
-- that vars name, else the first of the steps file that the export holds, else the one with most deals. Incremental only so that
-- it is updated in place.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_all',
        meta={'distribute_by': 'everywhere'},
    )
}}

with stages as (
    select * from {{ ref('int_stages') }}
),

steps as (
    select * from {{ ref('int_funnel_steps') }}
),

timeline as (
    select * from {{ ref('int_deal_timeline') }}
    where
        is_last_event
        and not is_deleted_deal
),

field_options as (
    select * from {{ ref('int_field_options') }}
    where field_key = 'pipeline_id'
),

named_stages as (
    select * from {{ ref('stg_hubspot__pipeline_stages') }}
    where pipeline_name is not null
),

-- A pipeline's name, by the CRM's list of options (Pipedrive) or of stages (HubSpot).
names as (
    select
        'pipedrive' as crm_source,
        option_id as pipeline_id,
        option_label as pipeline_name
    from field_options
    union all
    select
        'hubspot' as crm_source,
        coalesce(pipeline_id, {{ default_pipeline("'hubspot'") }}) as pipeline_id,
        max(pipeline_name) as pipeline_name
    from named_stages
    group by coalesce(pipeline_id, {{ default_pipeline("'hubspot'") }})
),

stage_counts as (
    select
        crm_source,
        pipeline_id,
        count(*) filter (where is_living and not is_closed) as stages_count
    from stages
    group by crm_source, pipeline_id
),

deals as (
    select
        timeline.crm_source,
        coalesce(timeline.last_pipeline_id, stages.pipeline_id, {{ default_pipeline('timeline.crm_source') }}) as pipeline_id
    from timeline
    left join stages
        on
            timeline.crm_source = stages.crm_source
            and timeline.last_stage_id = stages.stage_id
),

deal_counts as (
    select
        crm_source,
        pipeline_id,
        count(*) as deals_count
    from deals
    group by crm_source, pipeline_id
),

listed as (
    select
        crm_source,
        pipeline_id,
        bool_or(is_listed) as is_listed,
        min(file_position) as file_position
    from steps
    group by crm_source, pipeline_id
),

-- A steps file may list a pipeline that is gone, or not there yet.
counts as (
    select
        crm_source,
        pipeline_id,
        stages_count,
        0 as deals_count
    from stage_counts
    union all
    select
        crm_source,
        pipeline_id,
        0 as stages_count,
        deals_count
    from deal_counts
    union all
    select
        crm_source,
        pipeline_id,
        0 as stages_count,
        0 as deals_count
    from listed
),

pipelines as (
    select
        crm_source,
        pipeline_id,
        sum(stages_count)::integer as stages_count,
        sum(deals_count)::bigint as deals_count
    from counts
    group by crm_source, pipeline_id
),

ranked as (
    select
        pipelines.*,
        row_number() over (
            order by
                {% if var('default_crm_source') -%}
                pipelines.crm_source = '{{ var("default_crm_source") }}' desc,
                {% endif -%}
                {% if var('default_pipeline_id') -%}
                pipelines.pipeline_id = '{{ var("default_pipeline_id") }}' desc,
                {% endif -%}
                coalesce(listed.is_listed and pipelines.deals_count > 0, false) desc,
                case when pipelines.deals_count > 0 then listed.file_position end asc nulls last,
                case when listed.is_listed and pipelines.deals_count > 0 then 0 else pipelines.deals_count end desc,
                pipelines.crm_source asc,
                case when pipelines.pipeline_id ~ '^\d{1,18}$' then pipelines.pipeline_id::bigint end asc,
                pipelines.pipeline_id asc
        ) as default_rank
    from pipelines
    left join listed
        on
            pipelines.crm_source = listed.crm_source
            and pipelines.pipeline_id = listed.pipeline_id
),

final as (
    select
        ranked.crm_source,
        ranked.pipeline_id,
        case
            when names.pipeline_name is not null then names.pipeline_name
            when ranked.pipeline_id = 'default' then 'Default'
            else 'Pipeline ' || ranked.pipeline_id
        end as pipeline_name,
        ranked.default_rank = 1 as is_default,
        ranked.stages_count,
        ranked.deals_count
    from ranked
    left join names
        on
            ranked.crm_source = names.crm_source
            and ranked.pipeline_id = names.pipeline_id
)

select * from final
