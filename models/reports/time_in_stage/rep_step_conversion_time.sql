-- Grain: one row per CRM, pipeline and stage step that has a next one, all deals.
with deal_steps as (
    select * from {{ ref('fct_deal_steps') }}
),

steps as (
    select * from {{ ref('dim_funnel_steps') }}
    where event_type = 'stage'
),

measured as (
    select
        deal_steps.crm_source,
        deal_steps.pipeline_id,
        deal_steps.funnel_step,
        deal_steps.days_to_next_step,
        case
            when next_steps.entered_at >= deal_steps.entered_at
                then {{ count_days('deal_steps.entered_at', 'next_steps.entered_at') }}
        end as direct_days
    from deal_steps
    inner join steps
        on
            deal_steps.crm_source = steps.crm_source
            and deal_steps.pipeline_id = steps.pipeline_id
            and deal_steps.funnel_step = steps.previous_step
    left join deal_steps as next_steps
        on
            deal_steps.deal_key = next_steps.deal_key
            and steps.pipeline_id = next_steps.pipeline_id
            and steps.funnel_step = next_steps.funnel_step
    where deal_steps.entered_at is not null
),

counts as (
    select
        crm_source,
        pipeline_id,
        funnel_step,
        count(*) as entered_deals_count,
        count(days_to_next_step) as converted_deals_count,
        {{ summarize_days('days_to_next_step', 'converted') }},
        count(direct_days) as direct_deals_count,
        {{ summarize_days('direct_days', 'direct') }}
    from measured
    group by crm_source, pipeline_id, funnel_step
),

final as (
    select
        steps.crm_source,
        steps.pipeline_id,
        steps.previous_step as from_step,
        steps.funnel_step as to_step,
        steps.step_order,
        coalesce(counts.entered_deals_count, 0) as entered_deals_count,
        coalesce(counts.converted_deals_count, 0) as converted_deals_count,
        counts.converted_mean_days,
        counts.converted_p50_days,
        counts.converted_p90_days,
        coalesce(counts.direct_deals_count, 0) as direct_deals_count,
        counts.direct_mean_days,
        counts.direct_p50_days,
        counts.direct_p90_days
    from steps
    left join counts
        on
            steps.crm_source = counts.crm_source
            and steps.pipeline_id = counts.pipeline_id
            and steps.previous_step = counts.funnel_step
    where steps.previous_step is not null
)

select * from final
