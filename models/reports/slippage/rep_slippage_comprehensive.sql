-- Grain: one row per CRM and deal that ever had a close date: where it was first due, where it is due now or
-- closed, and what happened between.
with deals as (
    select * from {{ ref('fct_deals') }}
    where first_close_date is not null
),

final as (
    select
        crm_source,
        deal_id,
        account_name,
        industry,
        segment,
        region,
        owner_id,
        owner_name_masked,
        stage_name,
        amount_band,
        reporting_amount,
        status as final_outcome,
        created_date,
        first_close_date,
        coalesce(closed_date, close_date) as current_close_date,
        coalesce(closed_date, close_date) - first_close_date as total_days_moved,
        pushes_count,
        pulls_count,
        slips_count,
        pushed_days,
        slips_count > 0 as is_slipped,
        case when slips_count >= 3 then '3 and more' else slips_count::text end as slips_band
    from deals
)

select * from final
