-- Grain: one row per deal seen in the change log or in activities.
-- Incremental: watermark = newest _loaded_at held; key = deal_id. A changed deal is replaced; a deleted one disappears.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_deals',
        meta={'distribute_by': 'deal_id'},
        pre_hook="{{ collect_changed_deals() }}",
        indexes=[{'columns': ['deal_id'], 'unique': true}, {'columns': ['_loaded_at']}],
    )
}}

with logged as (
    select * from {{ ref('int_deals_current') }}
    {{ only_changed_deals() }}
),

activities as (
    select * from {{ ref('stg_pipedrive__activities') }}
    {{ only_changed_deals() }}
),

activity_counts as (
    select
        deal_id,
        count(*) as activities_count,
        count(*) filter (where is_done) as completed_activities_count,
        max(_loaded_at) as _loaded_at
    from activities
    where not is_deleted
    group by deal_id
),

final as (
    select
        coalesce(logged.deal_id, activity_counts.deal_id) as deal_id,
        logged.deal_id is not null as is_in_change_log,
        coalesce(logged.creation_count > 1, false) as is_id_collision,
        coalesce(logged.status, 'unknown') as status,
        logged.stage_id,
        coalesce(logged.owner_id, 0) as owner_id,
        coalesce(logged.pipeline_id, {{ var('default_pipeline_id') }}) as pipeline_id,
        logged.lost_reason_id,
        logged.amount::numeric(20, 4) as amount,
        logged.currency,
        logged.expected_close_date,
        logged.created_at,
        logged.first_changed_at,
        logged.last_changed_at,
        coalesce(activity_counts.activities_count, 0) as activities_count,
        coalesce(activity_counts.completed_activities_count, 0) as completed_activities_count,
        greatest(logged._loaded_at, activity_counts._loaded_at) as _loaded_at
    from logged
    full outer join activity_counts on logged.deal_id = activity_counts.deal_id
)

select * from final
