-- Grain: one row per period type (month, fiscal quarter), period, CRM, stage, dimension and member, dense between the bounds of
-- the CRM's own data. Completed visits count in the period they ended; open visits are a snapshot at the period's end, apart.
with counted as (
    select * from {{ ref('int_stage_visit_grains') }}
),

stages as (
    select * from {{ ref('dim_stages') }}
    where not is_closed
),

as_of as (
    select * from {{ ref('dim_as_of') }}
),

periods as (
    select
        crm_source,
        period_type,
        period_length,
        generate_series(min(entered_period), max(greatest(entered_period, exited_period)), period_length)::date as period
    from counted
    group by crm_source, period_type, period_length
),

-- An unfinished period is cut at as_of_date.
cuts as (
    select
        periods.crm_source,
        periods.period_type,
        periods.period,
        (periods.period + periods.period_length)::date - 1 <= as_of.as_of_date as is_complete,
        case
            when periods.period <= as_of.as_of_date
                then least({{ end_of_day('(periods.period + periods.period_length)::date - 1') }}, as_of.as_of_at)
        end as cut_at
    from periods
    cross join as_of
),

members as (
    select
        stages.crm_source,
        stages.stage_id,
        grains.period_type,
        'all' as dimension,
        'All' as member
    from stages
    cross join (values ('month'), ('quarter')) as grains (period_type)
    union
    select
        crm_source,
        stage_id,
        period_type,
        dimension,
        member
    from counted
),

completed as (
    select
        crm_source,
        stage_id,
        period_type,
        dimension,
        member,
        exited_period as period,
        count(*) as completed_visits_count,
        {{ summarize_days('days_in_stage', 'completed') }}
    from counted
    where exited_at is not null
    group by crm_source, stage_id, period_type, dimension, member, exited_period
),

-- The periods of each visit; comparing every visit with every period costs four times as much.
visit_periods as (
    select
        counted.*,
        generate_series(
            counted.entered_period::timestamp, coalesce(counted.exited_period, as_of.as_of_date)::timestamp, counted.period_length
        )::date as period
    from counted
    cross join as_of
),

ages as (
    select
        visit_periods.crm_source,
        visit_periods.stage_id,
        visit_periods.period_type,
        visit_periods.dimension,
        visit_periods.member,
        visit_periods.period,
        {{ count_days('visit_periods.entered_at', 'cuts.cut_at') }} as age_days
    from visit_periods
    inner join cuts
        on
            visit_periods.crm_source = cuts.crm_source
            and visit_periods.period_type = cuts.period_type
            and visit_periods.period = cuts.period
    where
        visit_periods.entered_at < cuts.cut_at
        and (visit_periods.exited_at >= cuts.cut_at or visit_periods.exited_at is null)
),

still_open as (
    select
        crm_source,
        stage_id,
        period_type,
        dimension,
        member,
        period,
        count(*) as open_visits_count,
        {{ summarize_days('age_days', 'open') }}
    from ages
    group by crm_source, stage_id, period_type, dimension, member, period
),

final as (
    select
        stages.crm_source,
        stages.pipeline_id,
        members.period_type,
        cuts.period,
        cuts.is_complete,
        stages.stage_id,
        stages.stage_name,
        stages.stage_rank,
        stages.funnel_step,
        members.dimension,
        members.member,
        coalesce(completed.completed_visits_count, 0) as completed_visits_count,
        completed.completed_mean_days,
        completed.completed_p50_days,
        completed.completed_p90_days,
        coalesce(still_open.open_visits_count, 0) as open_visits_count,
        still_open.open_mean_days,
        still_open.open_p50_days,
        still_open.open_p90_days,
        coalesce(completed.completed_visits_count, 0) < {{ var('min_sample') }} as is_small_sample
    from members
    inner join stages
        on
            members.crm_source = stages.crm_source
            and members.stage_id = stages.stage_id
    inner join cuts
        on
            members.crm_source = cuts.crm_source
            and members.period_type = cuts.period_type
    left join completed
        on
            (members.crm_source, members.stage_id, members.period_type, members.dimension, members.member)
            = (completed.crm_source, completed.stage_id, completed.period_type, completed.dimension, completed.member)
            and cuts.period = completed.period
    left join still_open
        on
            (members.crm_source, members.stage_id, members.period_type, members.dimension, members.member)
            = (still_open.crm_source, still_open.stage_id, still_open.period_type, still_open.dimension, still_open.member)
            and cuts.period = still_open.period
)

select * from final
