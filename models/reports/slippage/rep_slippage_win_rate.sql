-- Grain: one row per CRM and number of slips (0, 1, 2, 3 and more): do deals that slip still close?
with slippage as (
    select * from {{ ref('rep_slippage_comprehensive') }}
),

counted as (
    select
        crm_source,
        slips_band,
        count(*) as deals_count,
        count(*) filter (where final_outcome = 'won') as won_count,
        count(*) filter (where final_outcome = 'lost') as lost_count,
        count(*) filter (where final_outcome = 'open') as open_count,
        round(avg(total_days_moved), 4) as mean_days_moved
    from slippage
    group by crm_source, slips_band
),

final as (
    select
        *,
        round(won_count::numeric / nullif(won_count + lost_count, 0), 6) as win_rate,
        won_count + lost_count < {{ var('min_sample') }} as is_small_sample
    from counted
)

select * from final
