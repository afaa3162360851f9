-- Grain: one row per CRM and number of slips (0, 1, 2, 3 and more) of the deals that ever had a close date: do deals that slip
-- still close?
with deals as (
    select * from {{ ref('fct_deals') }}
    where first_close_date is not null
),

counted as (
    select
        crm_source,
        slips_band,
        count(*) as deals_count,
        count(*) filter (where status = 'won') as won_count,
        count(*) filter (where status = 'lost') as lost_count,
        count(*) filter (where status = 'open') as open_count,
        round(avg(total_days_moved), 4) as mean_days_moved
    from deals
    group by crm_source, slips_band
),

final as (
    select
        *,
        {{ divide('won_count', 'won_count + lost_count', 6) }} as win_rate,
        won_count + lost_count < {{ var('min_sample') }} as is_small_sample
    from counted
)

select * from final
