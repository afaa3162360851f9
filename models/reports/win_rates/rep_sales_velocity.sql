-- Grain: one row per CRM, fiscal quarter, dimension and member, dense. Value won per day at the quarter's pace:
-- deals open at its start × win rate × average won amount ÷ mean days from creation to winning.
with states as (
    select * from {{ ref('fct_deal_states') }}
    where status = 'open'
),

deals as (
    select * from {{ ref('fct_deals') }}
),

trend as (
    select * from {{ ref('rep_win_rate_trend') }}
),

starts as (
    select distinct
        crm_source,
        quarter
    from trend
),

open_at_start as (
    select
        starts.crm_source,
        starts.quarter,
        dimensions.dimension,
        dimensions.member_id,
        dimensions.member_name,
        count(*) as open_count,
        sum(states.reporting_amount) as open_amount,
        count(*) filter (where states.reporting_amount is null) as missing_amount_count
    from starts
    inner join states
        on
            starts.crm_source = states.crm_source
            and states.valid_from < {{ end_of_day('starts.quarter - 1') }}
            and (states.valid_to is null or states.valid_to >= {{ end_of_day('starts.quarter - 1') }})
    inner join deals
        on
            states.crm_source = deals.crm_source
            and states.deal_id = deals.deal_id
    cross join lateral {{ pipeline_dimensions('deals') }} as dimensions (dimension, member_id, member_name)
    group by starts.crm_source, starts.quarter, dimensions.dimension, dimensions.member_id, dimensions.member_name
),

final as (
    select
        trend.crm_source,
        trend.dimension,
        trend.member_id,
        trend.member_name,
        trend.quarter,
        trend.is_complete,
        coalesce(open_at_start.open_count, 0) as open_at_start_count,
        case when open_at_start.quarter is null then 0 else open_at_start.open_amount end as open_at_start_amount,
        coalesce(open_at_start.missing_amount_count, 0) as missing_amount_count,
        trend.trailing_win_rate as win_rate,
        trend.trailing_average_won_amount as average_won_amount,
        trend.trailing_mean_won_cycle_days as mean_won_cycle_days,
        round(
            coalesce(open_at_start.open_count, 0) * trend.trailing_win_rate * trend.trailing_average_won_amount
            / nullif(trend.trailing_mean_won_cycle_days, 0),
            2
        ) as velocity_per_day,
        trend.is_small_sample
    from trend
    left join open_at_start
        on
            trend.crm_source = open_at_start.crm_source
            and trend.dimension = open_at_start.dimension
            and trend.member_id = open_at_start.member_id
            and trend.member_name = open_at_start.member_name
            and trend.quarter = open_at_start.quarter
)

select * from final
