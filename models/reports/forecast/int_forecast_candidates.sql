-- Grain: one row per CRM, origin, target month and method, unblended. Every input is what was known before the origin:
-- revenue of earlier months (int_revenue_as_known), six at least, and the pipeline open at that instant.
-- naive: the last month. mean_3: mean of the last three. trend: line through the last twelve. seasonal:
-- the same month a year before × growth of the last twelve months over the twelve before; NULL under 24 months.
-- pipeline_weighted: Σ amount × probability of what is open and due in the target month, overdue in the first.
with revenue as (
    select * from {{ ref('int_revenue_as_known') }}
),

snapshots as (
    select * from {{ ref('int_pipeline_valued') }}
),

history as (
    select
        *,
        ((extract(year from origin) - extract(year from month)) * 12 + extract(month from origin) - extract(month from month))::integer as months_ago
    from revenue
),

summaries as (
    select
        crm_source,
        origin,
        count(*) as months_known,
        sum(revenue) filter (where months_ago = 1) as last_month,
        avg(revenue) filter (where months_ago <= 3) as mean_3,
        regr_slope(revenue::double precision, -months_ago) filter (where months_ago <= 12) as slope,
        regr_intercept(revenue::double precision, -months_ago) filter (where months_ago <= 12) as intercept,
        sum(revenue) filter (where months_ago <= 12) as last_year,
        sum(revenue) filter (where months_ago between 13 and 24) as year_before
    from history
    group by crm_source, origin
    -- A shorter history tells growth from noise by luck.
    having count(*) >= 6
),

targets as (
    select
        summaries.*,
        horizon,
        (summaries.origin + (horizon - 1) * interval '1 month')::date as target_month
    from summaries
    cross join generate_series(1, {{ var('forecast_months') }}) as horizon
),

-- The snapshot of the day before the origin.
due as (
    select
        crm_source,
        snapshot_date + 1 as origin,
        greatest(date_trunc('month', close_date)::date, snapshot_date + 1) as target_month,
        sum(weighted_amount) as weighted_amount,
        {{ divide('sum(case when is_overdue then weighted_amount else 0 end)', 'sum(weighted_amount)', 6) }} as overdue_share,
        {{ divide('max(weighted_amount)', 'sum(weighted_amount)', 6) }} as largest_deal_share
    from snapshots
    where close_date is not null
    group by crm_source, snapshot_date, greatest(date_trunc('month', close_date)::date, snapshot_date + 1)
),

final as (
    select
        targets.crm_source,
        targets.origin,
        targets.horizon,
        targets.target_month,
        methods.method,
        -- Not greatest(): it would turn no forecast into zero. Growth out of next to nothing is none: no column could hold it.
        case when methods.forecast < 0 then 0 when methods.forecast < 1e19 then round(methods.forecast, 2) end as forecast,
        case when methods.method = 'pipeline_weighted' then due.overdue_share end as overdue_share,
        case when methods.method = 'pipeline_weighted' then due.largest_deal_share end as largest_deal_share
    from targets
    left join due
        on
            targets.crm_source = due.crm_source
            and targets.origin = due.origin
            and targets.target_month = due.target_month
    left join revenue as year_ago
        on
            targets.crm_source = year_ago.crm_source
            and targets.origin = year_ago.origin
            and year_ago.month = targets.target_month - interval '12 months'
    cross join lateral (
        values
        ('naive', targets.last_month),
        ('mean_3', targets.mean_3),
        ('trend', (targets.intercept + targets.slope * (targets.horizon - 1))::numeric),
        ('seasonal', case when targets.months_known >= 24 then year_ago.revenue * targets.last_year / nullif(targets.year_before, 0) end),
        ('pipeline_weighted', coalesce(due.weighted_amount, 0))
    ) as methods (method, forecast)
)

select * from final
