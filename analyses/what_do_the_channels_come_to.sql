-- The 14 channel metrics of a month, a quarter and all time, by channel and of all channels together: the parts are added up,
-- never the ratios. Cost metrics of all channels are those of the paid ones.
with months as (
    select
        *,
        {{ cut_fiscal_quarter('month') }} as quarter
    from {{ ref('rep_channel_metrics_monthly') }}
),

totals as (
    select
        case
            when grouping(month) = 0 then 'month'
            when grouping(quarter) = 0 then 'quarter'
            else 'all'
        end as period_type,
        coalesce(month, quarter, min(month)) as period_start,
        case when grouping(channel) = 0 then channel else 'All' end as channel,
        metric,
        metric_label,
        metric_order,
        unit,
        aggregation,
        currency,
        -- Where some month has unknown amounts only and every other nothing at all, the total is not known either.
        case when bool_or(value is null and missing_count > 0) then nullif(sum(value), 0) else sum(value) end as value,
        case when bool_or(divisor is null and missing_count > 0) then nullif(sum(divisor), 0) else sum(divisor) end as divisor,
        sum(missing_count)::bigint as missing_count
    from months
    group by
        metric, metric_label, metric_order, unit, aggregation, currency,
        grouping sets ((), (channel), (quarter), (quarter, channel), (month))
),

final as (
    select
        *,
        case when aggregation = 'sum' then round(value, 10) else {{ divide('value', 'divisor') }} end as result
    from totals
)

select * from final
order by period_type, period_start, channel, metric_order
