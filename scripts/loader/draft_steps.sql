-- The stages and outcomes of every pipeline, for draft_steps.py: open stages in the CRM's order; then those that only
-- deals have, by id as a number or else by first appearance; then the outcomes that the exports tell.
with listed as (
    select
        'pipedrive' as crm_source,
        pipeline_id::text as pipeline_id,
        stage_id::text as stage_id,
        stage_name,
        stage_order::numeric as stage_order,
        false as is_closed
    from dev_staging.stg_pipedrive__stages
    where not is_deleted
    union all
    select
        'salesforce' as crm_source,
        'default' as pipeline_id,
        stage_name as stage_id,
        stage_label as stage_name,
        stage_order,
        is_closed
    from dev_staging.stg_salesforce__opportunity_stages
    where not is_deleted
),

seen as (
    select
        'pipedrive' as crm_source,
        '1' as pipeline_id,
        new_value as stage_id,
        changed_at as seen_at
    from dev_staging.stg_pipedrive__deal_changes
    where not is_deleted and field_key = 'stage_id' and new_value is not null
    union all
    select
        'salesforce' as crm_source,
        'default' as pipeline_id,
        stage_name as stage_id,
        changed_at as seen_at
    from dev_staging.stg_salesforce__opportunity_history
    where not is_deleted
    union all
    select
        'salesforce' as crm_source,
        'default' as pipeline_id,
        stage_name as stage_id,
        created_at as seen_at
    from dev_staging.stg_salesforce__opportunities
    where not is_deleted
),

closings as (
    select distinct
        'pipedrive' as crm_source,
        '' as stage_id,
        case when new_value = 'won' then 'won' else 'lost' end as outcome
    from dev_staging.stg_pipedrive__deal_changes
    where
        not is_deleted
        and ((field_key = 'status' and new_value in ('won', 'lost')) or (field_key = 'lost_reason' and new_value is not null))
    union distinct
    select
        'salesforce' as crm_source,
        stage_name as stage_id,
        case when is_won then 'won' else 'lost' end as outcome
    from dev_staging.stg_salesforce__opportunities
    where not is_deleted and is_closed
),

stages as (
    select
        *,
        null::timestamptz as first_seen_at
    from listed
    union all
    select
        seen.crm_source,
        seen.pipeline_id,
        seen.stage_id,
        seen.stage_id as stage_name,
        'Infinity' as stage_order,
        bool_or(closings.outcome is not null) as is_closed,
        min(seen.seen_at) as first_seen_at
    from seen
    left join listed
        on
            seen.crm_source = listed.crm_source
            and seen.stage_id = listed.stage_id
    left join closings
        on
            seen.crm_source = closings.crm_source
            and seen.stage_id = closings.stage_id
    where listed.stage_id is null
    group by seen.crm_source, seen.pipeline_id, seen.stage_id
),

steps as (
    select
        crm_source,
        pipeline_id,
        stage_name as kpi_name,
        'stage' as event_type,
        stage_id as source_value,
        stage_order as first_place,
        case when stage_id ~ '^[0-9]+$' then stage_id::numeric end as second_place,
        first_seen_at as third_place
    from stages
    where not is_closed
    union all
    select distinct
        stages.crm_source,
        stages.pipeline_id,
        initcap(closings.outcome) as kpi_name,
        'outcome' as event_type,
        closings.outcome as source_value,
        'NaN'::numeric as first_place,
        strpos('won lost', closings.outcome) as second_place,
        null::timestamptz as third_place
    from stages
    inner join closings on stages.crm_source = closings.crm_source
)

select
    crm_source,
    pipeline_id,
    kpi_name,
    event_type,
    source_value
from steps
order by crm_source asc, pipeline_id asc, first_place asc, second_place asc, third_place asc, source_value asc
