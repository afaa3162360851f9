-- Long form: a metric is sum(value), or sum(value) / sum(divisor) where it has a divisor.
select
    to_char(month, 'YYYY-MM') as month,
    channel,
    metric,
    aggregation,
    sum(value) as value,
    sum(divisor) as divisor
from rep_channel_metrics_monthly
group by month, channel, metric, aggregation
order by month, channel, metric, aggregation
