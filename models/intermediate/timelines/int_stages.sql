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

with pipedrive as (
    select * from {{ ref('stg_pipedrive__stages') }}
),

salesforce as (
    select * from {{ ref('stg_salesforce__opportunity_stages') }}
),

-- Salesforce has one list of stages for all of its sales processes.
salesforce_pipelines as (
    select distinct pipeline_id
    from {{ ref('stg_salesforce__opportunities') }}
    where not is_deleted
),

events as (
    select * from {{ ref('int_deal_events') }}
    where field in ('stage', 'pipeline')
),

listed as (
    select
        'pipedrive' as crm_source,
        stage_id,
        coalesce(pipeline_id, {{ default_pipeline("'pipedrive'") }}) as pipeline_id,
        stage_name,
        stage_order,
        deal_probability as default_probability,
        rotten_days,
        false as is_closed,
        false as is_won,
        not is_deleted as is_living
    from pipedrive
    union all
    select
        'salesforce' as crm_source,
        {{ salesforce_stage_id('salesforce_pipelines.pipeline_id', 'salesforce.stage_name') }} as stage_id,
        salesforce_pipelines.pipeline_id,
        salesforce.stage_label as stage_name,
        salesforce.stage_order,
        salesforce.default_probability,
        null as rotten_days,
        salesforce.is_closed,
        salesforce.is_won,
        not salesforce.is_deleted as is_living
    from salesforce
    cross join salesforce_pipelines
),

logged as (
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
        and (events.crm_source, named.stage_id) not in (select listed.crm_source, listed.stage_id from listed)
    group by events.crm_source, named.stage_id
),

-- Which pipeline a stage is of that the CRM does not list: that of a deal which has been there.
logged_pipelines as (
    select
        logged.crm_source,
        logged.stage_id,
        min(logged.first_seen_at) as first_seen_at,
        coalesce((array_agg(events.value order by events.occurred_at desc) filter (where events.value is not null))[1], {{ default_pipeline('logged.crm_source') }}) as pipeline_id
    from logged
    left join events
        on
            logged.deal_key = events.deal_key
            and events.field = 'pipeline'
    group by logged.crm_source, logged.stage_id
),

stages as (
    select
        *,
        true as is_listed,
        null::timestamptz as first_seen_at
    from listed
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
            order by stage_order asc nulls last, number_text::bigint asc nulls last, first_seen_at asc nulls first, stage_id asc
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
