-- Grain: one row per CRM and fiscal quarter, dense. Four parts of 25 points each by the setting pipeline_health_bands: win rate of the
-- quarter; overdue share, average amount and number of the deals open at its end (at as_of while it runs). A part without data is NULL
-- and the score is rescaled to 100 over the parts present. Its risk is the gravest level that overdue share, coverage at the quarter's
-- start and win-rate change are in, by the same setting.
with states as (
    select * from {{ ref('fct_deal_states') }}
    where status = 'open'
),

quarters as (
    select * from {{ ref('dim_fiscal_quarters') }}
),

trend as (
    select * from {{ ref('rep_win_rate_trend') }}
    where dimension = 'all'
),

coverage as (
    select * from {{ ref('int_quarter_coverage') }}
),

bands as (
    select * from {{ ref('stg_settings__pipeline_health_bands') }}
),

sources as (
    select
        crm_source,
        {{ cut_fiscal_quarter(cut_day('min(valid_from)')) }} as first_quarter
    from {{ ref('fct_deal_states') }}
    group by crm_source
),

grid as (
    select
        sources.crm_source,
        quarters.quarter,
        quarters.quarter_label,
        quarters.measured_day,
        {{ end_of_day('quarters.measured_day') }} as measured_at,
        quarters.is_complete
    from sources
    inner join quarters on sources.first_quarter <= quarters.quarter
),

in_force as (
    select
        *,
        unnest({{ instants_in_force('states', 'grid', 'measured_at') }}) as measured_at
    from states
),

open_at_end as (
    select
        grid.crm_source,
        grid.quarter,
        count(*) as open_count,
        count(*) filter (where in_force.close_date < grid.measured_day) as overdue_count,
        sum(in_force.reporting_amount) as open_amount,
        count(in_force.reporting_amount) as amount_count
    from in_force
    inner join grid on in_force.crm_source = grid.crm_source and in_force.measured_at = grid.measured_at
    group by grid.crm_source, grid.quarter
),

measured as (
    select
        grid.crm_source,
        grid.quarter,
        grid.quarter_label,
        grid.is_complete,
        coalesce(trend.won_count, 0) as won_count,
        coalesce(trend.lost_count, 0) as lost_count,
        coalesce(open_at_end.open_count, 0) as open_count,
        coalesce(open_at_end.overdue_count, 0) as overdue_count,
        case when open_at_end.quarter is null then 0 else open_at_end.open_amount end as open_amount,
        coalesce(open_at_end.open_count - open_at_end.amount_count, 0) as missing_amount_count,
        {{ divide('trend.won_count', 'trend.won_count + trend.lost_count', 14) }} as win_rate,
        trend.win_rate_change_pp,
        coverage.coverage_ratio,
        {{ divide('open_at_end.overdue_count', 'open_at_end.open_count', 14) }} as overdue_share,
        {{ divide('open_at_end.open_amount', 'open_at_end.amount_count', 14) }} as average_amount
    from grid
    left join trend on (grid.crm_source, grid.quarter) = (trend.crm_source, trend.quarter)
    left join coverage on (grid.crm_source, grid.quarter) = (coverage.crm_source, coverage.quarter)
    left join open_at_end on (grid.crm_source, grid.quarter) = (open_at_end.crm_source, open_at_end.quarter)
),

scored as (
    select
        measured.crm_source,
        measured.quarter,
        {% for part in ['win_rate', 'overdue_share', 'average_amount', 'open_count'] -%}
        max(bands.points) filter (where bands.part = '{{ part }}') as {{ part }}_points,
        max(bands.band) filter (where bands.part = '{{ part }}') as {{ part }}_band,
        {% endfor -%}
        count(bands.points) as score_parts,
        {{ divide('sum(bands.points) * 100', '25 * count(bands.points)', 2) }} as health_score
    from measured
    cross join
        lateral (
            values
            ('win_rate', measured.win_rate),
            ('overdue_share', measured.overdue_share),
            ('average_amount', measured.average_amount),
            ('open_count', measured.open_count)
        ) as parts (part, value)
    left join bands on parts.part = bands.part and parts.value >= bands.min_value and parts.value < bands.max_value
    group by measured.crm_source, measured.quarter
),

-- Of several measures in a level as grave the first one gives the insight.
risks as (
    select distinct on (measured.crm_source, measured.quarter)
        measured.crm_source,
        measured.quarter,
        bands.band as risk_level,
        {{ describe_band('parts.measure', 'parts.value') }} || ' risk' as key_insight
    from measured
    cross join
        lateral (
            values
            (1, 'overdue_share', measured.overdue_share),
            (2, 'coverage_ratio', measured.coverage_ratio),
            (3, 'win_rate_change_pp', measured.win_rate_change_pp)
        ) as parts (place, measure, value)
    inner join bands on 'risk_' || parts.measure = bands.part and parts.value >= bands.min_value and parts.value < bands.max_value
    order by measured.crm_source asc, measured.quarter asc, bands.points desc, parts.place asc
),

final as (
    select
        measured.crm_source,
        measured.quarter,
        measured.quarter_label,
        measured.is_complete,
        scored.health_score,
        scored.score_parts,
        status_bands.band as health_status,
        risks.risk_level,
        risks.key_insight,
        scored.win_rate_points,
        scored.win_rate_band,
        scored.overdue_share_points,
        scored.overdue_share_band,
        scored.average_amount_points,
        scored.average_amount_band,
        scored.open_count_points,
        scored.open_count_band,
        measured.won_count,
        measured.lost_count,
        round(measured.win_rate, 6) as win_rate,
        measured.win_rate_change_pp,
        round(measured.coverage_ratio, 6) as coverage_ratio,
        measured.open_count,
        measured.overdue_count,
        round(measured.overdue_share, 6) as overdue_share,
        round(measured.open_amount, 2) as open_amount,
        measured.missing_amount_count,
        round(measured.average_amount, 2) as average_amount,
        {{ divide(
            'measured.open_amount - lag(measured.open_amount) over quarters_in_order', 'lag(measured.open_amount) over quarters_in_order', 6
        ) }} as open_amount_growth
    from measured
    inner join scored on (measured.crm_source, measured.quarter) = (scored.crm_source, scored.quarter)
    left join risks on (measured.crm_source, measured.quarter) = (risks.crm_source, risks.quarter)
    left join bands as status_bands
        on status_bands.part = 'score' and scored.health_score >= status_bands.min_value and scored.health_score < status_bands.max_value
    window quarters_in_order as (partition by measured.crm_source order by measured.quarter)
)

select * from final
