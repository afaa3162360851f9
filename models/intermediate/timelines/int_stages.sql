-- Grain: one row per CRM and stage: those that the CRM lists, those that it has deleted since and deals have been in, which keep their
-- last name, order and pipeline, and those that only the log names. A stage belongs to one pipeline.
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

with entries as (
    select * from {{ ref('int_deal_timeline') }}
    where event_type = 'stage_change'
),

last_events as (
    select * from {{ ref('int_deal_timeline') }}
    where is_last_event
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
        crm_source,
        stage_id,
        min(occurred_at) as first_seen_at,
        coalesce(min(deal_key) filter (where stage_id = last_stage_id), min(deal_key)) as deal_key
    from entries
    group by crm_source, stage_id
),

-- Which pipeline a stage is of that the CRM does not list: that of a deal which is there, or else of one that has been there.
logged as (
    select
        seen.crm_source,
        seen.stage_id,
        seen.first_seen_at,
        coalesce(last_events.last_pipeline_id, {{ default_pipeline('seen.crm_source') }}) as pipeline_id
    from seen
    inner join last_events on seen.deal_key = last_events.deal_key
    where (seen.crm_source, seen.stage_id) not in (
        select
            listed.crm_source,
            listed.stage_id
        from listed
    )
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
    where listed.is_living or seen.stage_id is not null
    union all
    select
        crm_source,
        stage_id,
        pipeline_id,
        -- An id that is made of the pipeline and a name, as Salesforce's is, shows the name.
        case when starts_with(stage_id, pipeline_id || ':') then substr(stage_id, length(pipeline_id) + 2) else stage_id end as stage_name,
        null as stage_order,
        null as default_probability,
        null as rotten_days,
        false as is_closed,
        false as is_won,
        true as is_living,
        false as is_listed,
        first_seen_at
    from logged
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
