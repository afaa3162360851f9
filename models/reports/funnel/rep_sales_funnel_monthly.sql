-- Grain: one row per month and funnel step of the default pipeline, dense between the data's own bounds.
-- Incremental: watermark = the load horizon it was built to. Cells move by what the changed deals counted for before
-- and count for now (macro collect_funnel_moves), so late, corrected and deleted rows leave their old cell. It reads
-- the view, not fct_funnel_events, because its watermark must be exactly the horizon that its counts were taken at.
{{
    config(
        materialized='incremental',
        incremental_strategy='replace_all',
        pre_hook="{{ collect_funnel_moves(ref('int_funnel_events')) }}",
    )
}}

with steps as (
    select * from {{ ref('dim_funnel_steps') }}
    where pipeline_id = {{ var('default_pipeline_id') }}
),

counts as (
    {% if is_incremental() %}
    select
        month,
        funnel_step,
        deals_count,
        entries_count
    from {{ this }}
    union all
    select
        month,
        funnel_step,
        deals_count,
        entries_count
    from funnel_moves
    where month is not null
    {% else %}
    select
        occurred_month as month,
        funnel_step,
        count(*) filter (where entry_number = 1) as deals_count,
        count(*) as entries_count
    from {{ ref('int_funnel_events') }}
    where pipeline_id = {{ var('default_pipeline_id') }}
    group by occurred_month, funnel_step
    {% endif %}
),

cells as (
    select
        month,
        funnel_step,
        sum(deals_count)::bigint as deals_count,
        sum(entries_count)::bigint as entries_count
    from counts
    group by month, funnel_step
),

bounds as (
    select
        min(month) as first_month,
        max(month) as last_month
    from cells
    where entries_count > 0
),

months as (
    select generate_series(first_month, last_month, interval '1 month')::date as month
    from bounds
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
