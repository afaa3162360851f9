-- Grain: one row per month and funnel step of the default funnel, dense between the data's own bounds.
-- It counts fct_funnel_events, in which the run has just replaced the changed deals, so late, corrected and deleted rows are right. A run
-- that does not build that fact counts the log itself.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_all',
    )
}}

{% set fact, anew = ref('fct_funnel_events'), funnel_events(ref('int_deal_timeline_fresh')) %}

with events as (
    {% if not execute or is_up_to_date('fct_funnel_events') -%}
    select * from {{ fact }}
    {%- else -%}
    select
        *,
        entry_number = 1 as is_first_entry
    from ({{ anew }}) as funnel_events
    {%- endif %}
),

pipelines as (
    select * from {{ ref('dim_pipelines') }}
    where is_default
),

all_steps as (
    select * from {{ ref('dim_funnel_steps') }}
),

steps as (
    select all_steps.*
    from all_steps
    inner join pipelines
        on
            all_steps.crm_source = pipelines.crm_source
            and all_steps.pipeline_id = pipelines.pipeline_id
),

cells as (
    select
        events.occurred_month as month,
        events.funnel_step,
        count(*) filter (where events.is_first_entry) as deals_count,
        count(*) as entries_count
    from events
    inner join pipelines
        on
            events.crm_source = pipelines.crm_source
            and events.pipeline_id = pipelines.pipeline_id
    group by events.occurred_month, events.funnel_step
),

months as (
    select generate_series(min(month), max(month), interval '1 month')::date as month
    from cells
),

final as (
    select
        months.month,
        steps.kpi_name,
        steps.funnel_step,
        steps.step_order,
        coalesce(cells.deals_count, 0) as deals_count,
        coalesce(cells.entries_count, 0) as entries_count,
        {{ loaded_until() }} as _loaded_at
    from months
    cross join steps
    left join cells
        on
            months.month = cells.month
            and steps.funnel_step = cells.funnel_step
)

select * from final
