-- Grain: one row per CRM, fiscal quarter of exit, stage and account segment, dense. Days of visits completed in the
-- quarter; visits still open at its end (or at as_of) are counted apart with their ages.
with visits as (
    select * from {{ ref('fct_deal_stage_history') }}
),

deals as (
    select * from {{ ref('fct_deals') }}
),

quarters as (
    select * from {{ ref('dim_fiscal_quarters') }}
),

stages as (
    select * from {{ ref('dim_stages') }}
),

described as (
    select
        visits.crm_source,
        visits.stage_id,
        deals.segment,
        visits.entered_at,
        visits.exited_at,
        visits.exited_quarter,
        visits.days_in_stage
    from visits
    inner join deals
        on
            visits.crm_source = deals.crm_source
            and visits.deal_id = deals.deal_id
),

members as (
    select
        crm_source,
        stage_id,
        segment,
        {{ cut_fiscal_quarter(cut_day('min(entered_at)')) }} as first_quarter
    from described
    group by crm_source, stage_id, segment
),

grid as (
    select
        members.crm_source,
        members.stage_id,
        members.segment,
        quarters.quarter,
        quarters.is_complete,
        {{ end_of_day('quarters.measured_day') }} as measured_at
    from members
    inner join quarters
        on
            quarters.quarter >= (
                select min(first_members.first_quarter) from members as first_members
                where first_members.crm_source = members.crm_source
            )
),

completed as (
    select
        crm_source,
        stage_id,
        segment,
        exited_quarter as quarter,
        count(*) as visits_count,
        avg(days_in_stage) as mean_days,
        percentile_cont(0.5) within group (order by days_in_stage) as p50_days,
        percentile_cont(0.9) within group (order by days_in_stage) as p90_days
    from described
    where exited_at is not null
    group by crm_source, stage_id, segment, exited_quarter
),

still_open as (
    select
        grid.crm_source,
        grid.stage_id,
        grid.segment,
        grid.quarter,
        count(*) as open_count,
        avg(extract(epoch from grid.measured_at - described.entered_at) / 86400) as mean_open_days
    from grid
    inner join described
        on
            grid.crm_source = described.crm_source
            and grid.stage_id = described.stage_id
            and grid.segment = described.segment
            and grid.measured_at > described.entered_at
            and (described.exited_at is null or grid.measured_at <= described.exited_at)
    group by grid.crm_source, grid.stage_id, grid.segment, grid.quarter
),

final as (
    select
        grid.crm_source,
        grid.quarter,
        grid.is_complete,
        grid.stage_id,
        coalesce(stages.stage_name, grid.stage_id) as stage_name,
        stages.stage_order,
        grid.segment,
        coalesce(completed.visits_count, 0) as visits_count,
        round(completed.mean_days, 4) as mean_days,
        round(completed.p50_days::numeric, 4) as p50_days,
        round(completed.p90_days::numeric, 4) as p90_days,
        coalesce(still_open.open_count, 0) as open_count,
        round(still_open.mean_open_days, 4) as mean_open_days,
        coalesce(completed.visits_count, 0) < {{ var('min_sample') }} as is_small_sample
    from grid
    left join completed
        on
            grid.crm_source = completed.crm_source
            and grid.stage_id = completed.stage_id
            and grid.segment = completed.segment
            and grid.quarter = completed.quarter
    left join still_open
        on
            grid.crm_source = still_open.crm_source
            and grid.stage_id = still_open.stage_id
            and grid.segment = still_open.segment
            and grid.quarter = still_open.quarter
    left join stages
        on
            grid.crm_source = stages.crm_source
            and grid.stage_id = stages.stage_id
)

select * from final
