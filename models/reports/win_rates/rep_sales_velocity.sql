-- Grain: one row per CRM, fiscal quarter, dimension and member, dense. Value won per day at the quarter's pace:
-- deals open at its start × win rate × average won amount ÷ mean days from creation to winning. An open deal counts for the owner
-- it had at the start.
with states as (
    select * from {{ ref('fct_deal_states') }}
    where status = 'open'
),

deals as (
    select * from {{ ref('fct_deals') }}
),

owners as (
    select * from {{ ref('dim_owners') }}
),

trend as (
    select * from {{ ref('rep_win_rate_trend') }}
),

starts as (
    select distinct
        crm_source,
        quarter,
        {{ end_of_day('quarter - 1') }} as starts_at
    from trend
),

in_force as (
    select
        *,
        unnest({{ instants_in_force('states', 'starts', 'starts_at') }}) as starts_at
    from states
),

open_then as (
    select
        starts.quarter,
        in_force.crm_source,
        in_force.owner_id,
        coalesce(owners.owner_name_masked, 'Unknown') as owner_name_masked,
        in_force.reporting_amount,
        deals.industry,
        deals.segment,
        deals.region,
        deals.deal_type,
        deals.lead_source,
        deals.amount_band
    from in_force
    inner join starts
        on
            in_force.crm_source = starts.crm_source
            and in_force.starts_at = starts.starts_at
    inner join deals on in_force.deal_key = deals.deal_key
    left join owners
        on
            in_force.crm_source = owners.crm_source
            and in_force.owner_id = owners.owner_id
),

open_at_start as (
    select
        open_then.crm_source,
        open_then.quarter,
        dimensions.dimension,
        dimensions.member_id,
        dimensions.member_name,
        count(*) as open_count,
        sum(open_then.reporting_amount) as open_amount,
        count(*) filter (where open_then.reporting_amount is null) as missing_amount_count
    from open_then
    cross join lateral {{ pipeline_dimensions('open_then') }} as dimensions (dimension, member_id, member_name)
    group by open_then.crm_source, open_then.quarter, dimensions.dimension, dimensions.member_id, dimensions.member_name
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
        case when open_at_start.quarter is null then 0 else round(open_at_start.open_amount, 2) end as open_at_start_amount,
        coalesce(open_at_start.missing_amount_count, 0) as missing_amount_count,
        trend.trailing_win_rate as win_rate,
        trend.trailing_average_won_amount as average_won_amount,
        trend.trailing_mean_won_cycle_days as mean_won_cycle_days,
        -- Of the parts and not of the three columns above, which are rounded; the number of won deals cancels out.
        {{ divide(
            'coalesce(open_at_start.open_count, 0) * trend.trailing_won_amount * trend.trailing_won_cycle_count',
            '(trend.trailing_won_count + trend.trailing_lost_count) * trend.trailing_won_cycle_days',
            2
        ) }} as velocity_per_day,
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
