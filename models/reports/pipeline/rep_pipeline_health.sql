-- Grain: one row per CRM and fiscal quarter, dense. Four parts of 25 points each by the seed pipeline_health_bands:
-- win rate of the quarter; overdue share, average amount and number of the deals open at its end (at as_of
-- while it runs). A part without data is NULL and the score is rescaled to 100 over the parts present.
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
        quarters.measured_day,
        quarters.is_complete
    from sources
    inner join quarters on sources.first_quarter <= quarters.quarter
),

open_at_end as (
    select
        grid.crm_source,
        grid.quarter,
        count(*) as open_count,
        count(*) filter (where states.close_date < grid.measured_day) as overdue_count,
        sum(states.reporting_amount) as open_amount,
        count(states.reporting_amount) as amount_count
    from grid
    inner join states
        on
            grid.crm_source = states.crm_source
            and states.valid_from < {{ end_of_day('grid.measured_day') }}
            and (states.valid_to is null or states.valid_to >= {{ end_of_day('grid.measured_day') }})
    group by grid.crm_source, grid.quarter
),

measured as (
    select
        grid.crm_source,
        grid.quarter,
        grid.is_complete,
        coalesce(trend.won_count, 0) as won_count,
        coalesce(trend.lost_count, 0) as lost_count,
        coalesce(open_at_end.open_count, 0) as open_count,
        coalesce(open_at_end.overdue_count, 0) as overdue_count,
        case when open_at_end.quarter is null then 0 else open_at_end.open_amount end as open_amount,
        coalesce(open_at_end.open_count - open_at_end.amount_count, 0) as missing_amount_count,
        trend.won_count::numeric / nullif(trend.won_count + trend.lost_count, 0) as win_rate,
        open_at_end.overdue_count::numeric / nullif(open_at_end.open_count, 0) as overdue_share,
        open_at_end.open_amount / nullif(open_at_end.amount_count, 0) as average_amount
    from grid
    left join trend
        on
            grid.crm_source = trend.crm_source
            and grid.quarter = trend.quarter
    left join open_at_end
        on
            grid.crm_source = open_at_end.crm_source
            and grid.quarter = open_at_end.quarter
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
        round(sum(bands.points) * 100.0 / nullif(25 * count(bands.points), 0), 2) as health_score
    from measured
    cross join
        lateral (
            values
            ('win_rate', measured.win_rate),
            ('overdue_share', measured.overdue_share),
            ('average_amount', measured.average_amount),
            ('open_count', measured.open_count)
        ) as parts (part, value)
    left join bands
        on
            parts.part = bands.part
            and parts.value >= bands.min_value
            and parts.value < bands.max_value
    group by measured.crm_source, measured.quarter
),

final as (
    select
        measured.crm_source,
        measured.quarter,
        measured.is_complete,
        scored.health_score,
        scored.score_parts,
        status_bands.band as health_status,
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
        measured.open_count,
        measured.overdue_count,
        round(measured.overdue_share, 6) as overdue_share,
        measured.open_amount,
        measured.missing_amount_count,
        round(measured.average_amount, 2) as average_amount,
        round(
            measured.open_amount / nullif(lag(measured.open_amount) over (partition by measured.crm_source order by measured.quarter), 0) - 1,
            6
        ) as open_amount_growth
    from measured
    inner join scored
        on
            measured.crm_source = scored.crm_source
            and measured.quarter = scored.quarter
    left join bands as status_bands
        on
            status_bands.part = 'score'
            and scored.health_score >= status_bands.min_value
            and scored.health_score < status_bands.max_value
)

select * from final
