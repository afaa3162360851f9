-- Grain: one row per CRM and threshold of the seed executive_thresholds that the dashboard's figure passes.
with dashboard as (
    select * from {{ ref('rep_executive_dashboard') }}
),

thresholds as (
    select * from {{ ref('stg_settings__executive_thresholds') }}
),

figures as (
    select
        dashboard.crm_source,
        dashboard.as_of_date,
        figures.metric,
        figures.value
    from dashboard
    cross join lateral (
        values
        ('win_rate_qtd', dashboard.win_rate_qtd),
        ('win_rate_change_pp', dashboard.win_rate_change_pp),
        ('overdue_share', dashboard.overdue_share),
        ('coverage_ratio', dashboard.coverage_ratio),
        ('slippage_rate', dashboard.slippage_rate),
        ('revenue_qtd_change', dashboard.revenue_qtd_change),
        ('health_score', dashboard.health_score),
        ('missing_amount_share', dashboard.missing_amount_share)
    ) as figures (metric, value)
),

final as (
    select
        figures.crm_source,
        figures.as_of_date,
        thresholds.severity,
        figures.metric,
        figures.value,
        case when thresholds.is_risk_below then 'below' else 'above' end as comparison,
        thresholds.threshold,
        thresholds.insight,
        thresholds.recommendation
    from figures
    inner join thresholds on figures.metric = thresholds.metric
    where
        (thresholds.is_risk_below and figures.value < thresholds.threshold)
        or (not thresholds.is_risk_below and figures.value > thresholds.threshold)
)

select * from final
