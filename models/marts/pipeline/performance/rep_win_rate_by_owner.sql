-- Grain: one row per CRM, fiscal quarter of closing and owner; ranked by the trailing four quarters among those with
-- enough closings.
with trend as (
    select * from {{ ref('rep_win_rate_trend') }}
    where dimension = 'owner'
),

final as (
    select
        crm_source,
        quarter,
        is_complete,
        member_id as owner_id,
        member_name as owner_name_masked,
        won_count,
        lost_count,
        won_amount,
        lost_amount,
        missing_amount_count,
        win_rate,
        win_rate_by_value,
        win_rate_change_pp,
        trailing_won_count,
        trailing_lost_count,
        trailing_win_rate,
        trailing_win_rate_by_value,
        trailing_average_won_amount,
        trailing_mean_won_cycle_days,
        is_small_sample,
        case
            when not is_small_sample
                then rank() over (
                    partition by crm_source, quarter, is_small_sample
                    order by trailing_win_rate desc
                )
        end as trailing_rank
    from trend
)

select * from final
