-- What did each paid channel cost per customer, and what came back? By cohort: of what was created in the year before the
-- last half year, which has had time to close.
with months as (
    select
        *,
        max(month) over () as last_month
    from {{ ref('rep_marketing_efficiency_monthly') }}
),

final as (
    select
        channel,
        sum(spend) as spend,
        sum(cohort_new_accounts_count) as new_accounts_count,
        sum(cohort_revenue) as revenue,
        {{ divide('sum(spend)', 'sum(cohort_new_accounts_count)') }} as cac,
        {{ divide('sum(cohort_revenue)', 'sum(spend)') }} as roas
    from months
    where
        is_paid
        and month > last_month - interval '18 months'
        and month <= last_month - interval '6 months'
    group by channel
)

select * from final
order by roas desc
