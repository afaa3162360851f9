-- Grain: one row per CRM, scope, period type (month, quarter) and period, dense. start + new + reopened + pulled in +
-- increased - decreased - pushed out - won - lost = end, by value and (without amount changes) by count.
-- The moves are those of fct_pipeline_moves, start and end the snapshots, so that the balance is a check.
with moves as (
    select * from {{ ref('fct_pipeline_moves') }}
),

snapshots as (
    select * from {{ ref('rep_pipeline_monthly') }}
),

states as (
    select * from {{ ref('fct_deal_states') }}
    where status = 'open'
),

sources as (
    select distinct crm_source
    from {{ ref('dim_deals') }}
    where has_timeline
),

periods as (
    select * from {{ ref('dim_periods') }}
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
        sum(open_count) as open_count,
        sum(open_amount) as open_amount
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
    inner join states
        on
            states.valid_from < {{ end_of_day('as_of.as_of_date') }}
            and (states.valid_to is null or states.valid_to >= {{ end_of_day('as_of.as_of_date') }})
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
        moves.deals_count
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
        open_then.open_count as deals_count
    from grid
    inner join open_then
        on
            grid.crm_source = open_then.crm_source
            and (grid.scope = 'all' or grid.quarter >= open_then.close_quarter)
            and open_then.snapshot_date in (grid.period - 1, grid.measured_day)
),

final as (
    select
        grid.crm_source,
        grid.scope,
        grid.period_type,
        grid.period,
        {% for part in ['start', 'new', 'reopened', 'pulled_in', 'increased', 'decreased', 'pushed_out', 'won', 'lost', 'end'] -%}
        coalesce(sum(parts.amount) filter (where parts.part = '{{ part }}'), 0) as {{ part }}_amount,
        {% endfor -%}
        {% for part in ['start', 'new', 'reopened', 'pulled_in', 'pushed_out', 'won', 'lost', 'end'] -%}
        coalesce(sum(parts.deals_count) filter (where parts.part = '{{ part }}'), 0)::bigint as {{ part }}_count,
        {% endfor -%}
        grid.is_complete
    from grid
    left join parts
        on
            grid.crm_source = parts.crm_source
            and grid.scope = parts.scope
            and grid.period_type = parts.period_type
            and grid.period = parts.period
    group by grid.crm_source, grid.scope, grid.period_type, grid.period, grid.is_complete
)

select * from final
