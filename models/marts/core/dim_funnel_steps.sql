-- Grain: one row per pipeline and funnel step.
with steps as (
    select * from {{ ref('funnel_steps') }}
),

final as (
    select
        pipeline_id,
        funnel_step,
        kpi_name,
        step_order,
        event_type,
        source_value,
        parent_step
    from steps
)

select * from final
