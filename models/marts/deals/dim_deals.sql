-- Grain: one row per deal of any CRM, seen in its log, in its list of deals or in activities; deals deleted in the CRM included.
-- Incremental: watermark = newest _loaded_at held; key = deal_key. A changed deal is replaced; one that is gone disappears.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_deals',
        meta={'distribute_by': 'deal_key'},
        pre_hook="{{ collect_changed_deals() }}",
        indexes=[{'columns': ['_loaded_at']}, {'columns': ['last_changed_at']}],
    )
}}

with logged as (
    select * from {{ ref('int_deals_current') }}
    {{ only_changed_deals() }}
),

attributes as (
    select * from {{ ref('int_deal_attributes') }}
    {{ only_changed_deals() }}
),

-- Of Pipedrive's list of deals the account alone enters a figure; the rest is in its log.
pipedrive as (
    select * from {{ ref('stg_pipedrive__deals') }}
    {{ only_changed_deals() }}
),

activities as (
    select * from {{ ref('int_activities') }}
    {{ only_changed_deals() }}
),

states as (
    select
        *,
        lag(status) over (partition by deal_key order by valid_from) as previous_status
    from {{ ref('int_deal_states') }}
    {{ only_changed_deals() }}
),

close_date_changes as (
    select * from {{ ref('int_close_date_changes') }}
    {{ only_changed_deals() }}
),

stages as (
    select * from {{ ref('int_stages') }}
),

deal_keys as (
    select
        deal_key,
        crm_source,
        deal_id
    from logged
    union
    select
        deal_key,
        crm_source,
        deal_id
    from attributes
    union
    select
        deal_key,
        crm_source,
        deal_id
    from activities
),

activity_counts as (
    select
        deal_key,
        count(*) as activities_count,
        count(*) filter (where is_done) as completed_activities_count,
        max(_loaded_at) as _loaded_at
    from activities
    group by deal_key
),

summaries as (
    select
        deal_key,
        max(closed_at) filter (where valid_to is null) as closed_at,
        max(closed_date) filter (where valid_to is null) as closed_date,
        any_value(close_date order by valid_from) as first_close_date,
        any_value(amount order by valid_from) as first_amount,
        min(valid_from) as first_seen_at,
        max(valid_from) as last_state_at,
        count(*) filter (where status = 'open' and previous_status in ('won', 'lost')) as reopenings_count,
        max(_loaded_at) as _loaded_at
    from states
    group by deal_key
),

moves as (
    select
        deal_key,
        count(*) filter (where days_moved > 0) as pushes_count,
        count(*) filter (where days_moved < 0) as pulls_count,
        count(*) filter (where to_quarter > from_quarter) as slips_count,
        sum(days_moved) filter (where days_moved > 0) as pushed_days
    from close_date_changes
    group by deal_key
),

-- Where no log tells when a deal was created, its first change stands for it; where the list of deals says when and it cannot be,
-- nobody knows.
dated as (
    select
        deal_keys.deal_key,
        coalesce(attributes.created_at, logged.created_at, case when attributes.deal_key is null then logged.first_changed_at end) as created_at
    from deal_keys
    left join logged on deal_keys.deal_key = logged.deal_key
    left join attributes on deal_keys.deal_key = attributes.deal_key
),

final as (
    select
        deal_keys.deal_key,
        deal_keys.crm_source,
        deal_keys.deal_id,
        logged.deal_key is not null as is_in_log,
        coalesce(logged.creation_count > 1, false) as is_id_collision,
        summaries.deal_key is not null as has_timeline,
        coalesce(attributes.status, logged.status, 'unknown') as status,
        coalesce(logged.pipeline_id, attributes.pipeline_id, stages.pipeline_id, {{ default_pipeline('deal_keys.crm_source') }}) as pipeline_id,
        coalesce(logged.stage_id, attributes.stage_id) as stage_id,
        coalesce(logged.owner_id, attributes.owner_id, 'Unknown') as owner_id,
        coalesce(attributes.account_id, pipedrive.organization_id, 'Unknown') as account_id,
        attributes.campaign_id,
        coalesce(attributes.deal_type, 'Unknown') as deal_type,
        coalesce(attributes.lead_source, 'Unknown') as lead_source,
        logged.lost_reason_id,
        logged.forecast_category,
        (case when logged.deal_key is null then attributes.amount else logged.amount end)::numeric(20, 4) as amount,
        coalesce(logged.currency, attributes.currency) as currency,
        coalesce(logged.probability, attributes.probability)::numeric(9, 4) as probability,
        summaries.first_amount::numeric(20, 4) as first_amount,
        dated.created_at,
        {{ cut_day('dated.created_at') }} as created_date,
        coalesce(logged.creation_count, 0) > 0 or attributes.created_at is not null as has_creation,
        logged.first_changed_at,
        logged.last_changed_at,
        summaries.last_state_at,
        coalesce(logged.close_date, attributes.close_date) as close_date,
        summaries.first_close_date,
        summaries.closed_at,
        summaries.closed_date,
        summaries.closed_date - {{ cut_day('dated.created_at') }} as cycle_days,
        case when attributes.deal_key is null then {{ cut_day('logged.last_changed_at') }} else attributes.last_activity_date end
            as last_activity_date,
        coalesce(summaries.reopenings_count, 0)::integer as reopenings_count,
        coalesce(moves.pushes_count, 0)::integer as pushes_count,
        coalesce(moves.pulls_count, 0)::integer as pulls_count,
        coalesce(moves.slips_count, 0)::integer as slips_count,
        coalesce(moves.pushed_days, 0)::integer as pushed_days,
        coalesce({{ cut_day('summaries.first_seen_at') }}, {{ cut_day('dated.created_at') }}, attributes.close_date) as rate_date,
        coalesce(activity_counts.activities_count, 0) as activities_count,
        coalesce(activity_counts.completed_activities_count, 0) as completed_activities_count,
        greatest(logged._loaded_at, attributes._loaded_at, pipedrive._loaded_at, activity_counts._loaded_at, summaries._loaded_at) as _loaded_at
    from deal_keys
    inner join dated on deal_keys.deal_key = dated.deal_key
    left join logged on deal_keys.deal_key = logged.deal_key
    left join attributes on deal_keys.deal_key = attributes.deal_key
    left join pipedrive
        on
            deal_keys.deal_key = pipedrive.deal_key
            and not pipedrive.is_deleted
    left join activity_counts on deal_keys.deal_key = activity_counts.deal_key
    left join summaries on deal_keys.deal_key = summaries.deal_key
    left join moves on deal_keys.deal_key = moves.deal_key
    left join stages
        on
            deal_keys.crm_source = stages.crm_source
            and logged.stage_id = stages.stage_id
)

select * from final
