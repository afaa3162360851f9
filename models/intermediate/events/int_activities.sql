-- Grain: one row per deal and activity of any CRM. Where an export has no completion time the due time stands for it, unless
-- that lies after the load; then a completed activity has no known time.
with pipedrive as (
    select * from {{ ref('stg_pipedrive__activities') }}
    where not is_deleted
),

salesforce as (
    select * from {{ ref('stg_salesforce__activities') }}
    where
        not is_deleted
        and not is_copy
        and starts_with(what_id, '006')
),

opportunities as (
    select * from {{ ref('stg_salesforce__opportunities') }}
    where is_deleted
),

-- Of an opportunity that is deleted nothing counts. Together in one window, so that a deal's rows are found by its key.
salesforce_rows as (
    select
        deal_key,
        what_id as deal_id,
        activity_id,
        activity_type,
        owner_id,
        is_done,
        due_at,
        completed_at,
        log_position,
        _loaded_at
    from salesforce
    union all
    select
        deal_key,
        opportunity_id as deal_id,
        null as activity_id,
        null as activity_type,
        null as owner_id,
        null as is_done,
        null as due_at,
        null as completed_at,
        null as log_position,
        _loaded_at
    from opportunities
),

salesforce_kept as (
    select
        *,
        bool_or(activity_id is null) over (partition by deal_key) as is_deleted_deal
    from salesforce_rows
),

hubspot as (
    select * from {{ ref('stg_hubspot__engagements') }}
    where not is_deleted
),

-- Of a deal that is deleted or merged into another one nothing counts.
hubspot_deals as (
    select deal_key
    from {{ ref('int_deal_attributes') }}
    where crm_source = 'hubspot'
),

final as (
    select
        deal_key,
        'pipedrive' as crm_source,
        deal_id,
        activity_id,
        activity_type,
        user_id as owner_id,
        is_done,
        due_at,
        case when is_done then {{ known_completion('coalesce(done_at, due_at)') }} end as completed_at,
        log_position,
        _loaded_at
    from pipedrive
    union all
    select
        deal_key,
        'salesforce' as crm_source,
        deal_id,
        activity_id,
        activity_type,
        owner_id,
        is_done,
        due_at,
        case when is_done then coalesce({{ known_completion('completed_at') }}, {{ known_completion('due_at') }}) end as completed_at,
        log_position,
        _loaded_at
    from salesforce_kept
    where not is_deleted_deal
    union all
    select
        deal_key,
        'hubspot' as crm_source,
        deal_id,
        engagement_id as activity_id,
        engagement_type as activity_type,
        owner_id,
        is_done,
        takes_place_at as due_at,
        case when is_done then {{ known_completion('takes_place_at') }} end as completed_at,
        log_position,
        _loaded_at
    from hubspot
    where deal_key in (select hubspot_deals.deal_key from hubspot_deals)
)

select * from final
