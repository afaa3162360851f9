-- Grain: one row per month, pipeline, owner and funnel step with at least one entry. Counts add up over every column.
with events as (
    select * from {{ ref('fct_funnel_events') }}
),

final as (
    select
        occurred_month as month,
        pipeline_id,
        owner_id,
        funnel_step,
        count(*) filter (where is_first_entry) as deals_count,
        count(*) as entries_count
    from events
    group by occurred_month, pipeline_id, owner_id, funnel_step
)

select * from final
