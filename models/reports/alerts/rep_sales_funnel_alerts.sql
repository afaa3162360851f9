-- Grain: one row per metric, month, CRM, pipeline, stage and step whose value is beyond a threshold of the setting alert_thresholds.
-- If the funnel or the pipeline is switched off, it has no alerts of it.
{% set bases = dashboard_metrics() if 'pipeline' not in var('switched_off') else {} %}

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
        null::text as funnel_step,
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
        funnel_step,
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
        'All' as funnel_step,
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
            partition by metrics.metric, metrics.month, metrics.crm_source, metrics.pipeline_id, metrics.stage_id, metrics.funnel_step
            order by case thresholds.direction when 'below' then thresholds.threshold else -thresholds.threshold end, thresholds.severity
        ) as breach_rank
    from metrics
    inner join thresholds on metrics.metric = thresholds.metric
    where
        metrics.base_count >= thresholds.min_base
        and {{ passes_threshold('metrics.value') }}
),

final as (
    select
        metric,
        month,
        crm_source,
        pipeline_id,
        stage_id,
        funnel_step,
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
