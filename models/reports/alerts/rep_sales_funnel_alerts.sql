-- Grain: one row per metric, month, pipeline and stage whose value is beyond a threshold of the seed alert_thresholds.
with metrics as (
    select * from {{ ref('rep_funnel_metrics_monthly') }}
),

thresholds as (
    select * from {{ ref('stg_settings__alert_thresholds') }}
),

breaches as (
    select
        metrics.*,
        thresholds.severity,
        thresholds.direction,
        thresholds.threshold,
        -- Of several thresholds passed, the farthest one counts.
        row_number() over (
            partition by metrics.metric, metrics.month, metrics.pipeline_id, metrics.stage_id
            order by abs(thresholds.threshold) desc, thresholds.severity
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
        pipeline_id,
        stage_id,
        value,
        direction,
        threshold,
        severity,
        base_count
    from breaches
    where breach_rank = 1
)

select * from final
