-- Grain: one row per CRM, origin, target month and method: the candidates and their blend. The blend weighs each method
-- by the inverse of its absolute errors at the same horizon, over target months that were over before the origin, by
-- what was known then. Fewer than six such errors: equal weights.
with candidates as (
    select * from {{ ref('int_forecast_candidates') }}
),

revenue as (
    select * from {{ ref('int_revenue_as_known') }}
),

-- What each method would have said at earlier origins against what was known of those months at this origin.
tested as (
    select
        revenue.crm_source,
        revenue.origin,
        candidates.horizon,
        candidates.method,
        count(*) as tests_count,
        sum(abs(revenue.revenue - candidates.forecast)) as absolute_error
    from revenue
    inner join candidates
        on
            revenue.crm_source = candidates.crm_source
            and revenue.month = candidates.target_month
            and revenue.origin > candidates.target_month
    where candidates.forecast is not null
    group by revenue.crm_source, revenue.origin, candidates.horizon, candidates.method
),

weighted as (
    select
        candidates.*,
        case
            when min(coalesce(tested.tests_count, 0)) over same_target < 6 then 1
            else 1 / greatest(tested.absolute_error / tested.tests_count, 0.01)
        end as weight
    from candidates
    left join tested
        on
            candidates.crm_source = tested.crm_source
            and candidates.origin = tested.origin
            and candidates.horizon = tested.horizon
            and candidates.method = tested.method
    where
        candidates.method <> 'naive'
        and candidates.forecast is not null
    window same_target as (partition by candidates.crm_source, candidates.origin, candidates.horizon)
),

final as (
    select
        crm_source,
        origin,
        horizon,
        target_month,
        method,
        forecast,
        overdue_share,
        largest_deal_share
    from candidates
    union all
    select
        crm_source,
        origin,
        horizon,
        target_month,
        'blend' as method,
        round(sum(weight * forecast) / sum(weight), 2) as forecast,
        max(overdue_share) as overdue_share,
        max(largest_deal_share) as largest_deal_share
    from weighted
    group by crm_source, origin, horizon, target_month
)

select * from final
