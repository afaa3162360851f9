-- Grain: one row per CRM, scope, period type (month, quarter) and period, dense. start + new + reopened + pulled in +
-- increased - decreased - pushed out - won - lost = end, by value and (without amount changes) by count.
-- The moves are those of fct_pipeline_moves, start and end the snapshots, so that the balance is a check. Won and lost are
-- dated by the log; how many of them the CRM's closing date puts into another period stands beside them.
with moves as (
    select * from {{ ref('fct_pipeline_moves') }}
),

snapshots as (
    select * from {{ ref('int_pipeline_valued') }}
),

states as (
    select * from {{ ref('fct_deal_states') }}
    where status = 'open'
),

sources as (
    select distinct crm_source
    from {{ ref('fct_deals') }}
    where has_timeline
),

periods as (
    select * from {{ ref('dim_periods') }}
),

coverage as (
    select * from {{ ref('dim_export_coverage') }}
),

as_of as (
    select * from {{ ref('dim_as_of') }}
),

grid as (
    select
        sources.crm_source,
        scopes.scope,
        periods.*
    from periods
    cross join (values ('due'), ('all')) as scopes (scope)
    cross join sources
),

-- What is open at each month's end, and at as_of where that is none.
open_then as (
    select
        snapshot_date,
        crm_source,
        close_quarter,
        count(*) as open_count,
        coalesce(sum(reporting_amount), 0) as open_amount
    from snapshots
    group by snapshot_date, crm_source, close_quarter
    union all
    select
        as_of.as_of_date as snapshot_date,
        states.crm_source,
        {{ cut_fiscal_quarter('states.close_date') }} as close_quarter,
        count(*) as open_count,
        coalesce(sum(states.reporting_amount), 0) as open_amount
    from as_of
    inner join states on {{ in_force_on('states', 'as_of.as_of_date') }}
    where as_of.as_of_date <> as_of.forecast_origin - 1
    group by as_of.as_of_date, states.crm_source, {{ cut_fiscal_quarter('states.close_date') }}
),

parts as (
    select
        grid.*,
        case
            when moves.bucket <> 'dated' then moves.bucket
            -- A first close date in the period of creation is new; later it is pulled in.
            when moves.first_seen_month >= grid.period then 'new'
            else 'pulled_in'
        end as part,
        moves.amount,
        moves.deals_count,
        (case grid.period_type when 'month' then date_trunc('month', moves.closed_date)::date else {{ cut_fiscal_quarter('moves.closed_date') }} end)
        <> grid.period as is_dated_elsewhere
    from grid
    inner join moves
        on
            grid.crm_source = moves.crm_source
            and grid.scope = moves.scope
            and grid.quarter = moves.moved_quarter
            and (grid.period_type = 'quarter' or grid.period = moves.moved_month)
    where moves.moved_at < (select {{ end_of_day('as_of.as_of_date') }} from as_of)
    union all
    select
        grid.*,
        case open_then.snapshot_date when grid.measured_day then 'end' else 'start' end as part,
        open_then.open_amount as amount,
        open_then.open_count as deals_count,
        false as is_dated_elsewhere
    from grid
    inner join open_then
        on
            grid.crm_source = open_then.crm_source
            and (grid.scope = 'all' or grid.quarter >= open_then.close_quarter)
            and open_then.snapshot_date in (grid.period - 1, grid.measured_day)
),

-- Added up before they meet the grid: it would be compared with each of them.
sums as (
    select
        crm_source,
        scope,
        period_type,
        period,
        {% for part in ['start', 'new', 'reopened', 'pulled_in', 'increased', 'decreased', 'pushed_out', 'won', 'lost', 'end'] -%}
        sum(amount) filter (where part = '{{ part }}') as {{ part }}_amount,
        {% endfor -%}
        {% for part in ['start', 'new', 'reopened', 'pulled_in', 'pushed_out', 'won', 'lost', 'end'] -%}
        sum(deals_count) filter (where part = '{{ part }}') as {{ part }}_count,
        {% endfor -%}
        count(*) filter (where is_dated_elsewhere) as dated_elsewhere_count
    from parts
    group by crm_source, scope, period_type, period
),

final as (
    select
        grid.crm_source,
        grid.scope,
        grid.period_type,
        grid.period,
        {% for part in ['start', 'new', 'reopened', 'pulled_in', 'increased', 'decreased', 'pushed_out', 'won', 'lost', 'end'] -%}
        case when coverage.knows_amounts then coalesce(sums.{{ part }}_amount, 0) end as {{ part }}_amount,
        {% endfor -%}
        {% for part in ['start', 'new', 'reopened', 'pulled_in', 'pushed_out', 'won', 'lost', 'end'] -%}
        coalesce(sums.{{ part }}_count, 0)::bigint as {{ part }}_count,
        {% endfor -%}
        coalesce(sums.dated_elsewhere_count, 0) as dated_elsewhere_count,
        grid.is_complete
    from grid
    left join coverage on grid.crm_source = coverage.crm_source
    left join sums
        on
            grid.crm_source = sums.crm_source
            and grid.scope = sums.scope
            and grid.period_type = sums.period_type
            and grid.period = sums.period
)

select * from final
