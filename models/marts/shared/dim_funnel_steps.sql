-- Grain: one row per pipeline and funnel step.
with steps as (
    select * from {{ ref('stg_settings__funnel_steps') }}
),

final as (
    select
        pipeline_id,
        funnel_step,
        kpi_name,
        step_order,
        event_type,
        source_value,
        parent_step,
        -- A call follows its parent stage, a stage the stage before it; Lost follows any.
        case
            when event_type = 'stage' then lag(funnel_step) over (partition by pipeline_id, event_type order by step_order)
            else parent_step
        end as previous_step
    from steps
)

select * from final
