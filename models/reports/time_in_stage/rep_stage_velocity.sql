-- Grain: one row per period type (month, fiscal quarter), period, CRM, stage, dimension and member, dense between the bounds of
-- the CRM's own data. Completed visits count in the period they ended; open visits are a snapshot at the period's end, apart.
{{ config(pre_hook="{{ join_by_hash() }}") }}
{% set grain = ['crm_source', 'period_type', 'stage_id', 'dimension', 'member'] %}
{% set period_lengths = {'month': '1 month', 'quarter': '3 months'} %}
{#- A column by which the rows are not grouped is NULL; the visits' own are never NULL. #}
{% set member = "coalesce(segment, owner_id, 'All')" %}
{% set dimension = "case when grouping(segment) = 0 then 'segment' when grouping(owner_id) = 0 then 'owner' else 'all' end" %}

with visits as (
    select
        visits.crm_source,
        visits.stage_id,
        visits.owner_id,
        coalesce(deals.segment, 'Unknown') as segment,
        visits.entered_at,
        visits.exited_at,
        visits.entered_month,
        {{ cut_fiscal_quarter('visits.entered_month') }} as entered_quarter,
        visits.exited_month,
        visits.exited_quarter,
        visits.days_in_stage,
        deals.reporting_amount
    from {{ ref('fct_deal_stage_history') }} as visits
    left join {{ ref('fct_deals') }} as deals on visits.deal_key = deals.deal_key
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

period_types as (
    select *
    from (
        values
        {%- for period_type, length in period_lengths.items() %}
        ('{{ period_type }}', interval '{{ length }}'){{ ',' if not loop.last }}
        {%- endfor %}
    ) as period_types (period_type, period_length)
),

bounds as (
    select
        crm_source,
        min(entered_month) as first_month,
        max(greatest(entered_month, exited_month)) as last_month
    from visits
    group by crm_source
),

periods as (
    select
        bounds.crm_source,
        period_types.period_type,
        period_types.period_length,
        generate_series(
            case period_types.period_type when 'month' then bounds.first_month else {{ cut_fiscal_quarter('bounds.first_month') }} end,
            bounds.last_month,
            period_types.period_length
        )::date as period
    from bounds
    cross join period_types
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

-- Percentiles cannot be added up, so that each of these is counted apart: months of all deals; quarters of all deals, of each
-- account segment and of each owner.
members as (
    select
        stages.crm_source,
        period_types.period_type,
        stages.stage_id,
        'all' as dimension,
        'All' as member
    from stages
    cross join period_types
    union all
    select
        crm_source,
        'quarter' as period_type,
        stage_id,
        {{ dimension }} as dimension,
        {{ member }} as member
    from visits
    group by crm_source, stage_id, grouping sets ((segment), (owner_id))
),

completed as (
    select
        crm_source,
        case grouping(exited_month) when 0 then 'month' else 'quarter' end as period_type,
        stage_id,
        {{ dimension }} as dimension,
        {{ member }} as member,
        coalesce(exited_month, exited_quarter) as period,
        count(*) as completed_visits_count,
        {{ summarize_days('days_in_stage', 'completed') }}
    from visits
    where exited_at is not null
    group by
        crm_source, stage_id, grouping sets ((exited_month), (exited_quarter), (exited_quarter, segment), (exited_quarter, owner_id))
),

-- What is usual in a fiscal quarter: the median of the visits that ended in the four before it.
norms as (
    select
        visits.crm_source,
        visits.stage_id,
        quarter_start::date as quarter,
        (percentile_cont(0.5) within group (order by visits.days_in_stage))::numeric(18, 6) as trailing_p50_days
    from visits
    cross join
        lateral generate_series(visits.exited_quarter + interval '3 months', visits.exited_quarter + interval '1 year', interval '3 months')
            as quarter_start
    group by quarter_start, visits.stage_id, visits.crm_source
    having count(*) >= {{ var('min_sample') }}
),

-- The periods at whose end a visit was open; comparing every visit with every period costs four times as much.
{%- for period_type, length in period_lengths.items() %}
open_by_{{ period_type }} as (
    select
        visits.*,
        cuts.period,
        cuts.quarter,
        {{ count_days('visits.entered_at', 'cuts.cut_at') }} as age_days
    from visits
    cross join as_of
    cross join
        lateral generate_series(
            visits.entered_{{ period_type }}::timestamp,
            coalesce(visits.exited_{{ period_type }}, as_of.as_of_date)::timestamp,
            interval '{{ length }}'
        ) as period_start
    inner join cuts on visits.crm_source = cuts.crm_source and cuts.period_type = '{{ period_type }}' and period_start::date = cuts.period
    where
        (
            visits.exited_{{ period_type }} > visits.entered_{{ period_type }}
            or visits.exited_at >= as_of.as_of_at
            or visits.exited_at is null
        )
        and visits.entered_at < cuts.cut_at
        and (visits.exited_at >= cuts.cut_at or visits.exited_at is null)
),
{%- endfor %}

still_open as (
    select
        ages.crm_source,
        'month' as period_type,
        ages.stage_id,
        'all' as dimension,
        'All' as member,
        ages.period,
        count(*) as open_visits_count,
        {{ summarize_days('ages.age_days', 'open') }},
        count(*) filter (where ages.age_days > norms.trailing_p50_days) as waiting_visits_count,
        {{ sum_known('ages.reporting_amount', 'ages.age_days > norms.trailing_p50_days') }} as waiting_amount,
        count(*) filter (where ages.age_days > norms.trailing_p50_days and ages.reporting_amount is null) as missing_amount_count
    from open_by_month as ages
    left join norms on (ages.crm_source, ages.stage_id, ages.quarter) = (norms.crm_source, norms.stage_id, norms.quarter)
    group by ages.crm_source, ages.stage_id, ages.period
    union all
    select
        crm_source,
        'quarter' as period_type,
        stage_id,
        {{ dimension }} as dimension,
        {{ member }} as member,
        period,
        count(*) as open_visits_count,
        {{ summarize_days('age_days', 'open') }},
        null as waiting_visits_count,
        null as waiting_amount,
        null as missing_amount_count
    from open_by_quarter
    group by crm_source, stage_id, period, grouping sets ((), (segment), (owner_id))
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
