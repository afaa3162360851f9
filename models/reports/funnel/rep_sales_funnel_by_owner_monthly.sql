-- Grain: one row per month, CRM, pipeline, owner and funnel step with at least one entry. Counts add up over every column but the CRM.
with events as (
    select * from {{ ref('fct_funnel_events') }}
),

final as (
    select
        crm_source,
        pipeline_id,
        occurred_month as month,
        owner_id,
        funnel_step,
        count(*) filter (where is_first_entry) as deals_count,
        count(*) as entries_count
    from events
    group by crm_source, pipeline_id, occurred_month, owner_id, funnel_step
)

select * from final
