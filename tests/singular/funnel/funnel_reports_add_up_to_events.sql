-- Every event of fct_funnel_events is in each report once, per CRM, pipeline and step.
with events as (
    select
        crm_source,
        pipeline_id,
        funnel_step,
        count(*) as entries_count,
        count(*) filter (where is_first_entry) as deals_count
    from {{ ref('fct_funnel_events') }}
    group by crm_source, pipeline_id, funnel_step
),

by_owner as (
    select
        crm_source,
        pipeline_id,
        funnel_step,
        sum(entries_count) as entries_count,
        sum(deals_count) as deals_count
    from {{ ref('rep_sales_funnel_by_owner_monthly') }}
    group by crm_source, pipeline_id, funnel_step
),

trends as (
    select
        crm_source,
        pipeline_id,
        funnel_step,
        sum(entries_count) as entries_count,
        sum(deals_count) as deals_count
    from {{ ref('rep_sales_funnel_trends') }}
    group by crm_source, pipeline_id, funnel_step
),

deal_steps as (
    select
        crm_source,
        pipeline_id,
        funnel_step,
        sum(entries_count) as entries_count,
        count(entered_at) as deals_count
    from {{ ref('fct_deal_steps') }}
    group by crm_source, pipeline_id, funnel_step
),

accounted as (
    select
        crm_source,
        pipeline_id,
        funnel_step,
        sum(entered_count) as entries_count
    from {{ ref('rep_funnel_step_accounting') }}
    group by crm_source, pipeline_id, funnel_step
),

steps as (
    select * from {{ ref('dim_funnel_steps') }}
),

compared as (
    select
        steps.crm_source,
        steps.pipeline_id,
        steps.funnel_step,
        steps.event_type,
        coalesce(events.entries_count, 0) as events_entries,
        coalesce(events.deals_count, 0) as events_deals,
        coalesce(by_owner.entries_count, 0) as owner_entries,
        coalesce(by_owner.deals_count, 0) as owner_deals,
        coalesce(trends.entries_count, 0) as trends_entries,
        coalesce(trends.deals_count, 0) as trends_deals,
        coalesce(deal_steps.entries_count, 0) as deal_steps_entries,
        coalesce(deal_steps.deals_count, 0) as deal_steps_deals,
        coalesce(accounted.entries_count, 0) as accounted_entries
    from steps
    left join events
        on
            steps.crm_source = events.crm_source
            and steps.pipeline_id = events.pipeline_id
            and steps.funnel_step = events.funnel_step
    left join by_owner
        on
            steps.crm_source = by_owner.crm_source
            and steps.pipeline_id = by_owner.pipeline_id
            and steps.funnel_step = by_owner.funnel_step
    left join trends
        on
            steps.crm_source = trends.crm_source
            and steps.pipeline_id = trends.pipeline_id
            and steps.funnel_step = trends.funnel_step
    left join deal_steps
        on
            steps.crm_source = deal_steps.crm_source
            and steps.pipeline_id = deal_steps.pipeline_id
            and steps.funnel_step = deal_steps.funnel_step
    left join accounted
        on
            steps.crm_source = accounted.crm_source
            and steps.pipeline_id = accounted.pipeline_id
            and steps.funnel_step = accounted.funnel_step
)

select *
from compared
where
    (owner_entries, owner_deals, trends_entries, trends_deals) != (events_entries, events_deals, events_entries, events_deals)
    or (event_type = 'stage' and (deal_steps_entries, deal_steps_deals, accounted_entries) != (events_entries, events_deals, events_entries))
