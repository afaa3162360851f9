-- Every event of fct_funnel_events is in each report once, per pipeline and step; losses also in the loss report.
with events as (
    select
        pipeline_id,
        funnel_step,
        count(*) as entries_count,
        count(*) filter (where is_first_entry) as deals_count
    from {{ ref('fct_funnel_events') }}
    group by pipeline_id, funnel_step
),

by_owner as (
    select
        pipeline_id,
        funnel_step,
        sum(entries_count) as entries_count,
        sum(deals_count) as deals_count
    from {{ ref('rep_sales_funnel_by_owner_monthly') }}
    group by pipeline_id, funnel_step
),

conversion as (
    select
        pipeline_id,
        funnel_step,
        sum(entries_count) as entries_count,
        sum(deals_count) as deals_count
    from {{ ref('rep_funnel_conversion_monthly') }}
    group by pipeline_id, funnel_step
),

deal_steps as (
    select
        pipeline_id,
        funnel_step,
        sum(entries_count) as entries_count,
        count(entered_at) as deals_count
    from {{ ref('fct_deal_steps') }}
    group by pipeline_id, funnel_step
),

accounted as (
    select
        pipeline_id,
        funnel_step,
        sum(entered_count) as entries_count
    from {{ ref('rep_funnel_step_accounting') }}
    group by pipeline_id, funnel_step
),

steps as (
    select * from {{ ref('dim_funnel_steps') }}
),

compared as (
    select
        steps.pipeline_id,
        steps.funnel_step,
        steps.event_type,
        coalesce(events.entries_count, 0) as events_entries,
        coalesce(events.deals_count, 0) as events_deals,
        coalesce(by_owner.entries_count, 0) as owner_entries,
        coalesce(by_owner.deals_count, 0) as owner_deals,
        coalesce(conversion.entries_count, 0) as conversion_entries,
        coalesce(conversion.deals_count, 0) as conversion_deals,
        coalesce(deal_steps.entries_count, 0) as deal_steps_entries,
        coalesce(deal_steps.deals_count, 0) as deal_steps_deals,
        coalesce(accounted.entries_count, 0) as accounted_entries
    from steps
    left join events
        on
            steps.pipeline_id = events.pipeline_id
            and steps.funnel_step = events.funnel_step
    left join by_owner
        on
            steps.pipeline_id = by_owner.pipeline_id
            and steps.funnel_step = by_owner.funnel_step
    left join conversion
        on
            steps.pipeline_id = conversion.pipeline_id
            and steps.funnel_step = conversion.funnel_step
    left join deal_steps
        on
            steps.pipeline_id = deal_steps.pipeline_id
            and steps.funnel_step = deal_steps.funnel_step
    left join accounted
        on
            steps.pipeline_id = accounted.pipeline_id
            and steps.funnel_step = accounted.funnel_step
)

select *
from compared
where
    (owner_entries, owner_deals, conversion_entries, conversion_deals) != (events_entries, events_deals, events_entries, events_deals)
    or (event_type = 'stage' and (deal_steps_entries, deal_steps_deals, accounted_entries) != (events_entries, events_deals, events_entries))
