-- Grain: one row per CRM, dimension, member and fiscal quarter of closing, dense between the first closing and as_of.
-- Won ÷ (won + lost) of deals closed on or before as_of, by count and by value; trailing = this quarter and the
-- three before; changes in percentage points; ranks by the trailing rate among members with enough closings.
with deals as (
    select * from {{ ref('fct_deals') }}
),

as_of as (
    select * from {{ ref('dim_as_of') }}
),

quarters as (
    select * from {{ ref('dim_fiscal_quarters') }}
),

closed as (
    select deals.*
    from deals
    cross join as_of
    where
        deals.status in ('won', 'lost')
        and deals.closed_date <= as_of.as_of_date
),

members as (
    select
        closed.crm_source,
        closed.closed_quarter as quarter,
        dimensions.dimension,
        dimensions.member_id,
        dimensions.member_name,
        count(*) filter (where closed.status = 'won') as won_count,
        count(*) filter (where closed.status = 'lost') as lost_count,
        {%- for status in ['won', 'lost'] %}
        coalesce(sum(closed.reporting_amount) filter (where closed.status = '{{ status }}'), 0) as {{ status }}_amount,
        count(closed.reporting_amount) filter (where closed.status = '{{ status }}') as {{ status }}_known_count,
        {%- endfor %}
        count(*) filter (where closed.reporting_amount is null) as missing_amount_count,
        coalesce(sum(closed.cycle_days) filter (where closed.status = 'won'), 0) as won_cycle_days,
        count(closed.cycle_days) filter (where closed.status = 'won') as won_cycle_count
    from closed
    cross join lateral {{ pipeline_dimensions('closed') }} as dimensions (dimension, member_id, member_name)
    group by closed.crm_source, closed.closed_quarter, dimensions.dimension, dimensions.member_id, dimensions.member_name
),

bounds as (
    select
        crm_source,
        dimension,
        member_id,
        member_name,
        min(min(quarter)) over (partition by crm_source) as first_quarter
    from members
    group by crm_source, dimension, member_id, member_name
),

-- Closings dated before the first change of any deal are outside dim_fiscal_quarters, so the spine is made here.
grid as (
    select
        bounds.*,
        quarter_start::date as quarter,
        coalesce(quarters.is_complete, true) as is_complete
    from bounds
    cross join as_of
    cross join lateral generate_series(bounds.first_quarter, as_of.current_quarter, interval '3 months') as quarter_start
    left join quarters on quarters.quarter = quarter_start::date
),

filled as (
    select
        grid.crm_source,
        grid.dimension,
        grid.member_id,
        grid.member_name,
        grid.quarter,
        {%- for measure in [
            'won_count', 'lost_count', 'won_amount', 'lost_amount', 'won_known_count', 'lost_known_count', 'missing_amount_count',
            'won_cycle_days', 'won_cycle_count',
        ] %}
        coalesce(members.{{ measure }}, 0) as {{ measure }},
        coalesce(sum(members.{{ measure }}) over trailing_quarters, 0) as trailing_{{ measure }},
        {%- endfor %}
        grid.is_complete
    from grid
    left join members
        on
            grid.crm_source = members.crm_source
            and grid.dimension = members.dimension
            and grid.member_id = members.member_id
            and grid.member_name = members.member_name
            and grid.quarter = members.quarter
    window trailing_quarters as (
        partition by grid.crm_source, grid.dimension, grid.member_id, grid.member_name
        order by grid.quarter
        rows between 3 preceding and current row
    )
),

rated as (
    select
        *,
        {%- for window in ['', 'trailing_'] %}
        {%- for status in ['won', 'lost'] %}
        {%- set prefix = window ~ status %}
        {{ unless_all_unknown(prefix ~ '_amount', prefix ~ '_known_count', prefix ~ '_count - ' ~ prefix ~ '_known_count') }}
            as {{ prefix }}_known_amount,
        {%- endfor %}
        {%- set won, lost = window ~ 'won', window ~ 'lost' %}
        {{ divide(won ~ '_count', won ~ '_count + ' ~ lost ~ '_count', 14) }} as {{ window }}win_rate,
        {{ divide(won ~ '_amount', won ~ '_amount + ' ~ lost ~ '_amount', 14) }} as {{ window }}win_rate_by_value,
        {%- endfor %}
        trailing_won_count + trailing_lost_count < {{ var('min_sample') }} as is_small_sample
    from filled
),

final as (
    select
        crm_source,
        dimension,
        member_id,
        member_name,
        quarter,
        is_complete,
        won_count,
        lost_count,
        won_known_amount as won_amount,
        lost_known_amount as lost_amount,
        missing_amount_count,
        round(win_rate, 6) as win_rate,
        round(win_rate_by_value, 6) as win_rate_by_value,
        round(100 * (win_rate - lag(win_rate) over member_quarters), 4) as win_rate_change_pp,
        round(100 * (win_rate - lag(win_rate, 4) over member_quarters), 4) as win_rate_change_year_pp,
        trailing_won_count::bigint as trailing_won_count,
        trailing_lost_count::bigint as trailing_lost_count,
        trailing_won_known_amount as trailing_won_amount,
        trailing_lost_known_amount as trailing_lost_amount,
        round(trailing_win_rate, 6) as trailing_win_rate,
        round(trailing_win_rate_by_value, 6) as trailing_win_rate_by_value,
        {{ divide('trailing_won_known_amount', 'trailing_won_count', 2) }} as trailing_average_won_amount,
        {{ divide('trailing_won_cycle_days', 'trailing_won_cycle_count', 4) }} as trailing_mean_won_cycle_days,
        trailing_won_cycle_days::bigint as trailing_won_cycle_days,
        trailing_won_cycle_count::bigint as trailing_won_cycle_count,
        is_small_sample,
        case when not is_small_sample then rank() over members end as trailing_rank
    from rated
    window
        member_quarters as (partition by crm_source, dimension, member_id, member_name order by quarter),
        members as (partition by crm_source, dimension, quarter, is_small_sample order by round(trailing_win_rate, 6) desc)
)

select * from final
