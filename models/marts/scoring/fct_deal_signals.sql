-- Grain: one row per origin and deal open at that instant, with what the score looks at: only what was
-- known before the origin. The CRM's last activity date is not used, for exports keep only its newest value.
with origins as (
    select
        *,
        known_at - interval '1 year' as year_before
    from {{ ref('dim_scoring_origins') }}
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
            'row_number() over (partition by crm_source, pipeline_id order by stage_rank, stage_id)',
            'count(*) over (partition by crm_source, pipeline_id)'
        ) }} as stage_progress
    from {{ ref('dim_stages') }}
    where not is_closed
),

in_force as (
    select
        *,
        unnest({{ instants_in_force('states', 'origins', 'known_at') }}) as known_at
    from states
),

open_then as (
    select
        origins.origin,
        in_force.*
    from in_force
    inner join origins on in_force.known_at = origins.known_at
),

-- Sorted and converted once for all origins: each of them groups its visits as they come, and a percentile is one of
-- double precision.
completed as materialized (
    select
        crm_source,
        stage_id,
        exited_at,
        days_in_stage::double precision as days_in_stage
    from visits
    where exited_at is not null
    order by stage_id, crm_source
),

-- Completed visits of the year before the origin.
norms as (
    select
        origins.origin,
        medians.*
    from origins
    cross join lateral (
        select
            completed.crm_source,
            completed.stage_id,
            (percentile_cont(0.5) within group (order by completed.days_in_stage))::numeric(18, 6) as stage_p50_days
        from completed
        where
            completed.exited_at >= origins.year_before
            and completed.exited_at < origins.known_at
        group by completed.stage_id, completed.crm_source
        having count(*) >= {{ var('min_sample') }}
    ) as medians
),

entered as (
    select
        open_then.origin,
        open_then.deal_key,
        max(visits.entered_at) as entered_at
    from open_then
    inner join visits
        on
            open_then.deal_key = visits.deal_key
            and open_then.known_at > visits.entered_at
    group by open_then.origin, open_then.deal_key
),

slips as (
    select
        open_then.origin,
        open_then.deal_key,
        count(*) as slips_count
    from open_then
    inner join close_date_changes
        on
            open_then.deal_key = close_date_changes.deal_key
            and open_then.known_at > close_date_changes.changed_at
    group by open_then.origin, open_then.deal_key
),

final as (
    select
        open_then.origin,
        open_then.deal_key,
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
    inner join deals on open_then.deal_key = deals.deal_key
    left join stages
        on
            open_then.crm_source = stages.crm_source
            and open_then.stage_id = stages.stage_id
    left join entered
        on
            open_then.origin = entered.origin
            and open_then.deal_key = entered.deal_key
    left join norms
        on
            open_then.origin = norms.origin
            and open_then.crm_source = norms.crm_source
            and open_then.stage_id = norms.stage_id
    left join slips
        on
            open_then.origin = slips.origin
            and open_then.deal_key = slips.deal_key
    left join icp
        on
            open_then.origin = icp.origin
            and open_then.crm_source = icp.crm_source
            and deals.account_id = icp.account_id
)

select * from final
