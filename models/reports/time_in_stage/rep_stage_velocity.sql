-- Grain: one row per period type (month, fiscal quarter), period, CRM, stage, dimension and member, dense between the bounds of
-- the CRM's own data. Completed visits count in the period they ended; open visits are a snapshot at the period's end, apart.
{{ config(pre_hook="{{ avoid_merge_joins() }}") }}
{% set grain = ['member', 'stage_id', 'dimension', 'period_type', 'crm_source'] %} {# Most values first, for the sort by groups. #}

with counted as (
    select * from {{ ref('int_stage_visit_grains') }}
),

stages as (
    select * from {{ ref('dim_stages') }}
    where not is_closed
),

owners as (
    select * from {{ ref('dim_owners') }}
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
        {{ cut_fiscal_quarter('periods.period') }} as quarter,
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
        'All' as member,
        stages.stage_id,
        'all' as dimension,
        grains.period_type,
        stages.crm_source
    from stages
    cross join (values ('month'), ('quarter')) as grains (period_type)
    union
    select {{ grain | join(', ') }}
    from counted
),

completed as (
    select
        {{ grain | join(', ') }},
        exited_period as period,
        count(*) as completed_visits_count,
        {{ summarize_days('days_in_stage', 'completed') }}
    from counted
    where exited_at is not null
    group by exited_period, {{ grain | join(', ') }}
),

-- What is usual in a fiscal quarter: the median of the visits that ended in the four before it.
norms as (
    select
        counted.crm_source,
        counted.stage_id,
        quarter_start::date as quarter,
        (percentile_cont(0.5) within group (order by counted.days_in_stage))::numeric(18, 6) as trailing_p50_days
    from counted
    cross join
        lateral generate_series(counted.exited_period + interval '3 months', counted.exited_period + interval '1 year', interval '3 months')
            as quarter_start
    where (counted.period_type, counted.dimension) = ('quarter', 'all')
    group by quarter_start, counted.stage_id, counted.crm_source
    having count(*) >= {{ var('min_sample') }}
),

-- The periods of each visit; comparing every visit with every period costs four times as much.
ages as (
    select
        counted.*,
        cuts.period,
        norms.trailing_p50_days,
        {{ count_days('counted.entered_at', 'cuts.cut_at') }} as age_days
    from counted
    cross join as_of
    cross join
        lateral generate_series(
            counted.entered_period::timestamp, coalesce(counted.exited_period, as_of.as_of_date)::timestamp, counted.period_length
        ) as period_start
    inner join cuts
        on
            (counted.crm_source, counted.period_type) = (cuts.crm_source, cuts.period_type)
            and period_start::date = cuts.period
    left join norms
        on
            counted.period_type = 'month'
            and (counted.crm_source, counted.stage_id, cuts.quarter) = (norms.crm_source, norms.stage_id, norms.quarter)
    where
        (counted.exited_period > counted.entered_period or counted.exited_at >= as_of.as_of_at or counted.exited_at is null)
        and counted.entered_at < cuts.cut_at
        and (counted.exited_at >= cuts.cut_at or counted.exited_at is null)
),

still_open as (
    select
        {{ grain | join(', ') }},
        period,
        count(*) as open_visits_count,
        {{ summarize_days('age_days', 'open') }},
        count(*) filter (where age_days > trailing_p50_days) as waiting_visits_count,
        {{ sum_known('reporting_amount', 'age_days > trailing_p50_days') }} as waiting_amount,
        count(*) filter (where age_days > trailing_p50_days and reporting_amount is null) as missing_amount_count
    from ages
    group by period, {{ grain | join(', ') }}
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
        case when members.dimension = 'owner' then coalesce(owners.owner_name_masked, 'Unknown') else members.member end as member_name,
        coalesce(completed.completed_visits_count, 0) as completed_visits_count,
        completed.completed_mean_days,
        completed.completed_p50_days,
        completed.completed_p90_days,
        coalesce(still_open.open_visits_count, 0) as open_visits_count,
        still_open.open_mean_days,
        still_open.open_p50_days,
        still_open.open_p90_days,
        coalesce(completed.completed_visits_count, 0) < {{ var('min_sample') }} as is_small_sample,
        {{ bottleneck_level('completed.completed_visits_count', 'completed.completed_p50_days') }} as bottleneck_level,
        norms.trailing_p50_days,
        case when norms.stage_id is not null then coalesce(still_open.waiting_visits_count, 0) end as waiting_visits_count,
        case
            when norms.stage_id is null then null
            when still_open.stage_id is null then 0
            else round(still_open.waiting_amount, 2)
        end as monthly_value_impact,
        case when norms.stage_id is not null then coalesce(still_open.missing_amount_count, 0) end as missing_amount_count
    from members
    inner join stages on (members.crm_source, members.stage_id) = (stages.crm_source, stages.stage_id)
    inner join cuts on (members.crm_source, members.period_type) = (cuts.crm_source, cuts.period_type)
    {%- for counts in ['completed', 'still_open'] %}
    left join {{ counts }}
        on
            (members.{{ grain | join(', members.') }}, cuts.period)
            = ({{ counts }}.{{ grain | join(', ' ~ counts ~ '.') }}, {{ counts }}.period)
    {%- endfor %}
    left join norms
        on
            members.period_type = 'month'
            and (members.crm_source, members.stage_id, cuts.quarter) = (norms.crm_source, norms.stage_id, norms.quarter)
            and cuts.cut_at is not null
    left join owners on (members.crm_source, members.dimension, members.member) = (owners.crm_source, 'owner', owners.owner_id)
)

select * from final
