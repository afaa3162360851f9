-- Grain: one row per origin, CRM and deal open at that instant, with what the score looks at: only what was
-- known before the origin. The CRM's last activity date is not used, for exports keep only its newest value.
with origins as (
    select * from {{ ref('dim_scoring_origins') }}
),

states as (
    select * from {{ ref('fct_deal_states') }}
    where status = 'open'
),

deals as (
    select * from {{ ref('dim_deals') }}
),

visits as (
    select * from {{ ref('fct_deal_stage_history') }}
),

close_date_changes as (
    select * from {{ ref('fct_close_date_changes') }}
    where is_slip
),

icp as (
    select * from {{ ref('fct_account_icp') }}
),

stages as (
    select
        crm_source,
        stage_id,
        {{ divide(
            'row_number() over (partition by crm_source, pipeline_id order by stage_order, stage_id)',
            'count(*) over (partition by crm_source, pipeline_id)'
        ) }} as stage_progress
    from {{ ref('dim_stages') }}
    where not is_closed
),

open_then as (
    select
        origins.origin,
        origins.known_at,
        states.*
    from origins
    inner join states
        on
            origins.known_at > states.valid_from
            and (states.valid_to is null or origins.known_at <= states.valid_to)
),

-- Completed visits of the year before the origin.
norms as (
    select
        origins.origin,
        visits.crm_source,
        visits.stage_id,
        (percentile_cont(0.5) within group (order by visits.days_in_stage))::numeric(18, 6) as stage_p50_days
    from origins
    inner join visits
        on
            origins.known_at > visits.exited_at
            and origins.known_at - interval '1 year' <= visits.exited_at
    group by origins.origin, visits.crm_source, visits.stage_id
    having count(*) >= {{ var('min_sample') }}
),

entered as (
    select
        open_then.origin,
        open_then.crm_source,
        open_then.deal_id,
        max(visits.entered_at) as entered_at
    from open_then
    inner join visits
        on
            open_then.deal_key = visits.deal_key
            and open_then.crm_source = visits.crm_source
            and open_then.deal_id = visits.deal_id
            and open_then.known_at > visits.entered_at
    group by open_then.origin, open_then.crm_source, open_then.deal_id
),

slips as (
    select
        open_then.origin,
        open_then.crm_source,
        open_then.deal_id,
        count(*) as slips_count
    from open_then
    inner join close_date_changes
        on
            open_then.deal_key = close_date_changes.deal_key
            and open_then.crm_source = close_date_changes.crm_source
            and open_then.deal_id = close_date_changes.deal_id
            and open_then.known_at > close_date_changes.changed_at
    group by open_then.origin, open_then.crm_source, open_then.deal_id
),

final as (
    select
        open_then.origin,
        open_then.crm_source,
        open_then.deal_id,
        deals.account_id,
        open_then.owner_id,
        open_then.stage_id,
        open_then.close_date,
        open_then.reporting_amount,
        stages.stage_progress,
        {{ count_days('entered.entered_at', 'open_then.known_at') }} as days_in_stage,
        norms.stage_p50_days,
        {{ divide(count_days('entered.entered_at', 'open_then.known_at'), 'norms.stage_p50_days') }} as age_to_p50,
        coalesce(slips.slips_count, 0) as slips_count,
        {{ count_days('open_then.valid_from', 'open_then.known_at') }} as inactive_days,
        icp.icp_score
    from open_then
    inner join deals
        on
            open_then.crm_source = deals.crm_source
            and open_then.deal_id = deals.deal_id
    left join stages
        on
            open_then.crm_source = stages.crm_source
            and open_then.stage_id = stages.stage_id
    left join entered
        on
            open_then.origin = entered.origin
            and open_then.crm_source = entered.crm_source
            and open_then.deal_id = entered.deal_id
    left join norms
        on
            open_then.origin = norms.origin
            and open_then.crm_source = norms.crm_source
            and open_then.stage_id = norms.stage_id
    left join slips
        on
            open_then.origin = slips.origin
            and open_then.crm_source = slips.crm_source
            and open_then.deal_id = slips.deal_id
    left join icp
        on
            open_then.origin = icp.origin
            and open_then.crm_source = icp.crm_source
            and deals.account_id = icp.account_id
)

select * from final
