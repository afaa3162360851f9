-- Grain: one row per metric, month, CRM, pipeline and stage whose value is beyond a threshold of the setting alert_thresholds.
-- Where the funnel or the pipeline is switched off, it does without.
-- What a figure of the dashboard stands on; missing pipeline or revenue is an alert however few deals there are.
{% set bases = {
    'win_rate_qtd': 'won_count_qtd + lost_count_qtd',
    'win_rate_change_pp': 'won_count_qtd + lost_count_qtd',
    'overdue_share': 'open_count',
    'coverage_ratio': '0',
    'slippage_rate': 'slippage_cohort_count',
    'revenue_qtd_change': '0',
    'health_score': 'won_count_qtd + lost_count_qtd',
    'missing_amount_share': 'open_count',
} if 'pipeline' not in var('switched_off') else {} %}

with thresholds as (
    select * from {{ ref('stg_settings__alert_thresholds') }}
),

metrics as (
    select
        null::text as metric,
        null::date as month,
        null::text as crm_source,
        null::text as pipeline_id,
        null::text as stage_id,
        null::numeric as value,
        null::bigint as base_count
    where false
    {%- if 'funnel' not in var('switched_off') %}
    union all
    select
        metric,
        month,
        crm_source,
        pipeline_id,
        stage_id,
        value,
        base_count
    from {{ ref('rep_funnel_metrics_monthly') }}
    {%- endif %}
    {%- for column, base in bases.items() %}
    union all
    select
        '{{ column }}' as metric,
        date_trunc('month', as_of_date)::date as month,
        crm_source,
        'All' as pipeline_id,
        'All' as stage_id,
        {{ column }} as value,
        coalesce({{ base }}, 0) as base_count
    from {{ ref('rep_executive_dashboard') }}
    {%- endfor %}
),

breaches as (
    select
        metrics.*,
        thresholds.severity,
        thresholds.direction,
        thresholds.threshold,
        thresholds.insight,
        thresholds.recommendation,
        -- Of several thresholds passed, the farthest one counts.
        row_number() over (
            partition by metrics.metric, metrics.month, metrics.crm_source, metrics.pipeline_id, metrics.stage_id
            order by case thresholds.direction when 'below' then thresholds.threshold else -thresholds.threshold end, thresholds.severity
        ) as breach_rank
    from metrics
    inner join thresholds on metrics.metric = thresholds.metric
    where
        metrics.base_count >= thresholds.min_base
        and (
            (thresholds.direction = 'below' and metrics.value < thresholds.threshold)
            or (thresholds.direction = 'above' and metrics.value > thresholds.threshold)
        )
),

final as (
    select
        metric,
        month,
        crm_source,
        pipeline_id,
        stage_id,
        value::numeric(32, 10) as value,
        direction,
        threshold,
        severity,
        base_count,
        insight,
        recommendation
    from breaches
    where breach_rank = 1
)

select * from final
