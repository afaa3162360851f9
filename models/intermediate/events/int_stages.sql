-- Grain: one row per CRM and stage: those that the CRM lists, those that it has deleted since, which keep their last name, order
-- and pipeline, and those that only the log names. A stage belongs to one pipeline.
-- A table that marts look things up in: when a row of it changes, they are built anew in full (meta.is_reference). Incremental only
-- so that it is updated in place.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_all',
        on_schema_change='fail',
        meta={'is_reference': true, 'distribute_by': 'everywhere'},
    )
}}

with events as (
    select * from {{ ref('int_deal_events') }}
    where field in ('stage', 'pipeline')
),

listed as (
    {%- for crm in crms() %}
    select
        crm_source,
        stage_id,
        pipeline_id,
        stage_name,
        stage_order,
        default_probability,
        rotten_days,
        is_closed,
        is_won,
        is_living
    from {{ ref('int_' ~ crm ~ '__stages') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

seen as (
    select
        events.crm_source,
        named.stage_id,
        min(events.occurred_at) as first_seen_at,
        min(events.deal_key) as deal_key
    from events
    cross join lateral (values (events.value), (nullif(events.old_value, ''))) as named (stage_id)
    where
        events.field = 'stage'
        and named.stage_id is not null
    group by events.crm_source, named.stage_id
),

logged as (
    select *
    from seen
    where (crm_source, stage_id) not in (
        select
            listed.crm_source,
            listed.stage_id
        from listed
    )
),

-- Which pipeline a stage is of that the CRM does not list: that of a deal which has been there.
logged_pipelines as (
    select
        logged.crm_source,
        logged.stage_id,
        min(logged.first_seen_at) as first_seen_at,
        coalesce(
            (
                array_agg(
                    events.value
                    order by events.occurred_at desc, events.priority desc, events.first_loaded_at desc, events.log_position desc
                ) filter (where events.value is not null)
            )[1],
            {{ default_pipeline('logged.crm_source') }}
        ) as pipeline_id
    from logged
    left join events
        on
            logged.deal_key = events.deal_key
            and events.field = 'pipeline'
    group by logged.crm_source, logged.stage_id
),

stages as (
    select
        listed.*,
        true as is_listed,
        seen.first_seen_at
    from listed
    left join seen
        on
            listed.crm_source = seen.crm_source
            and listed.stage_id = seen.stage_id
    union all
    select
        crm_source,
        stage_id,
        pipeline_id,
        stage_id as stage_name,
        null as stage_order,
        null as default_probability,
        null as rotten_days,
        false as is_closed,
        false as is_won,
        true as is_living,
        false as is_listed,
        first_seen_at
    from logged_pipelines
),

-- Without an order, stages stand by id as a number if all are numbers, else by first appearance.
numbered as (
    select
        *,
        case when bool_and(stage_id ~ '^\d{1,18}$') over (partition by crm_source, pipeline_id) then stage_id end as number_text
    from stages
),

ranked as (
    select
        *,
        row_number() over (
            partition by crm_source, pipeline_id
            order by stage_order asc nulls last, number_text::bigint asc nulls last, first_seen_at asc nulls last, stage_id asc
        ) as stage_rank
    from numbered
),

final as (
    select
        crm_source,
        stage_id,
        pipeline_id,
        stage_name,
        stage_order,
        stage_rank::integer as stage_rank,
        (count(*) filter (where is_living) over (
            partition by crm_source, pipeline_id
            order by stage_rank
            rows between unbounded preceding and 1 preceding
        ))::integer as living_before,
        default_probability,
        rotten_days,
        is_closed,
        is_won,
        is_living,
        is_listed
    from ranked
)

select * from final
