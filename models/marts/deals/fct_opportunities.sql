-- Grain: one row per CRM and deal that the CRM holds and does not mark as deleted.
-- Incremental: watermark = newest _loaded_at held; key = deal_key. A changed deal is replaced; one that
-- is gone or deleted disappears. A changed stage replaces all of its CRM.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_deals',
        pre_hook="{{ collect_changed_deals() }}",
        indexes=[{'columns': ['deal_key']}, {'columns': ['_loaded_at']}],
    )
}}

with current_rows as (
    select * from {{ ref('int_opportunities_current') }}
    {{ only_changed_deals() }}
),

states as (
    select
        *,
        lag(status) over (partition by deal_key, crm_source, deal_id order by valid_from) as previous_status
    from {{ ref('int_deal_states') }}
    {{ only_changed_deals() }}
),

close_date_changes as (
    select * from {{ ref('int_close_date_changes') }}
    {{ only_changed_deals() }}
),

summaries as (
    select
        crm_source,
        deal_id,
        max(stage_id) filter (where valid_to is null) as stage_id,
        max(owner_id) filter (where valid_to is null) as owner_id,
        max(amount) filter (where valid_to is null) as amount,
        max(currency) filter (where valid_to is null) as currency,
        max(probability) filter (where valid_to is null) as probability,
        max(close_date) filter (where valid_to is null) as close_date,
        max(closed_date) filter (where valid_to is null) as closed_date,
        (array_agg(close_date order by valid_from) filter (where close_date is not null))[1] as first_close_date,
        (array_agg(amount order by valid_from) filter (where amount is not null))[1] as first_amount,
        min(valid_from) as first_seen_at,
        max(valid_from) as last_changed_at,
        count(*) filter (where status = 'open' and previous_status in ('won', 'lost')) as reopenings_count,
        max(_loaded_at) as _loaded_at
    from states
    group by crm_source, deal_id
),

moves as (
    select
        crm_source,
        deal_id,
        count(*) filter (where days_moved > 0) as pushes_count,
        count(*) filter (where days_moved < 0) as pulls_count,
        count(*) filter (where to_quarter > from_quarter) as slips_count,
        sum(days_moved) filter (where days_moved > 0) as pushed_days
    from close_date_changes
    group by crm_source, deal_id
),

final as (
    select
        current_rows.crm_source,
        current_rows.deal_id,
        current_rows.deal_key,
        coalesce(current_rows.account_id, 'Unknown') as account_id,
        coalesce(summaries.owner_id, current_rows.owner_id, 'Unknown') as owner_id,
        current_rows.campaign_id,
        current_rows.pipeline_id,
        coalesce(current_rows.deal_type, 'Unknown') as deal_type,
        coalesce(current_rows.lead_source, 'Unknown') as lead_source,
        current_rows.status,
        coalesce(summaries.stage_id, current_rows.stage_id) as stage_id,
        (case when summaries.deal_id is null then current_rows.amount else summaries.amount end)::numeric(20, 4) as amount,
        coalesce(summaries.currency, current_rows.currency) as currency,
        coalesce(summaries.probability, current_rows.probability)::numeric(9, 4) as probability,
        summaries.first_amount::numeric(20, 4) as first_amount,
        current_rows.created_at,
        {{ cut_day('current_rows.created_at') }} as created_date,
        coalesce(summaries.close_date, current_rows.close_date) as close_date,
        summaries.first_close_date,
        summaries.closed_date,
        summaries.closed_date - {{ cut_day('current_rows.created_at') }} as cycle_days,
        summaries.last_changed_at,
        current_rows.last_activity_date,
        coalesce(summaries.reopenings_count, 0)::integer as reopenings_count,
        coalesce(moves.pushes_count, 0)::integer as pushes_count,
        coalesce(moves.pulls_count, 0)::integer as pulls_count,
        coalesce(moves.slips_count, 0)::integer as slips_count,
        coalesce(moves.pushed_days, 0)::integer as pushed_days,
        coalesce({{ cut_day('summaries.first_seen_at') }}, {{ cut_day('current_rows.created_at') }}, current_rows.close_date) as rate_date,
        summaries.deal_id is not null as has_timeline,
        current_rows.is_id_collision,
        greatest(current_rows._loaded_at, summaries._loaded_at) as _loaded_at
    from current_rows
    left join summaries
        on
            current_rows.crm_source = summaries.crm_source
            and current_rows.deal_id = summaries.deal_id
    left join moves
        on
            current_rows.crm_source = moves.crm_source
            and current_rows.deal_id = moves.deal_id
)

select * from final
