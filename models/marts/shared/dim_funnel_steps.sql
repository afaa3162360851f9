-- Grain: one row per CRM, pipeline and funnel step. Incremental only so that it is
-- updated in place.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_all',
        meta={'distribute_by': 'everywhere'},
    )
}}

with steps as (
    select * from {{ ref('int_funnel_steps') }}
),

-- Several stages may be one step.
grouped as (
    select
        crm_source,
        pipeline_id,
        funnel_step,
        min(kpi_name) as kpi_name,
        min(step_order) as step_order,
        min(event_type) as event_type,
        case when count(*) = 1 then min(source_value) end as source_value,
        min(parent_step) as parent_step,
        bool_and(is_listed) as is_listed
    from steps
    group by crm_source, pipeline_id, funnel_step
),

final as (
    select
        crm_source,
        pipeline_id,
        funnel_step,
        kpi_name,
        step_order,
        event_type,
        source_value,
        parent_step,
        is_listed,
        -- A call follows its parent stage, a stage the stage before it; Won and Lost follow any.
        case
            when event_type = 'stage' then lag(funnel_step) over (partition by crm_source, pipeline_id, event_type order by step_order)
            else parent_step
        end as previous_step
    from grouped
)

select * from final
