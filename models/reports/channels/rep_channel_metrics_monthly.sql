-- Grain: one row per month, channel and metric, dense; no total rows (see analyses/what_do_the_channels_come_to.sql). The seed channel_metrics
-- says what each metric is made of.
{% set measures = [
    'impressions', 'clicks', 'spend', 'sessions_count', 'form_submissions_count', 'converted_sessions_count',
    'opportunities_count', 'won_count', 'revenue',
] %}
{% set unknown_counts = {
    'spend': ('ad_campaigns_count', 'missing_spend_count'),
    'revenue': ('won_count', 'missing_amount_count'),
} %}

with days as (
    select * from {{ ref('fct_channel_daily') }}
),

channels as (
    select * from {{ ref('dim_channels') }}
),

metrics as (
    select * from {{ ref('channel_metrics') }}
),

months as (
    select
        {%- for measure in measures %}
        {%- set all_count, missing_count = unknown_counts.get(measure, ('1', '0')) %}
        {{ unless_all_unknown(
            'sum(' ~ measure ~ ')', 'sum(' ~ all_count ~ ') - sum(' ~ missing_count ~ ')', 'sum(' ~ missing_count ~ ')'
        ) }}::numeric as {{ measure }},
        sum({{ missing_count }})::bigint as {{ measure }}_missing_count,
        {%- endfor %}
        date_trunc('month', day)::date as month,
        channel
    from days
    group by date_trunc('month', day), channel
),

parts as (
    select
        months.month,
        months.channel,
        parts.measure,
        parts.value,
        parts.missing_count
    from months
    cross join lateral (
        values
        {%- for measure in measures %}
        ('{{ measure }}', months.{{ measure }}, months.{{ measure }}_missing_count){{ ',' if not loop.last }}
        {%- endfor %}
    ) as parts (measure, value, missing_count)
),

valued as (
    select
        numerators.month,
        numerators.channel,
        channels.is_paid,
        metrics.metric,
        metrics.metric_label,
        metrics.metric_order,
        metrics.unit,
        metrics.aggregation,
        -- A value whose divisor is not known has no part in a total, nor has a divisor whose value is not.
        case
            when metrics.denominator is null then numerators.value
            when denominators.value is not null and (channels.is_paid or not metrics.is_cost) then numerators.value
        end as value,
        case when numerators.value is not null and (channels.is_paid or not metrics.is_cost) then denominators.value end as divisor,
        coalesce(numerators.missing_count, 0) + coalesce(denominators.missing_count, 0) as missing_count,
        case when metrics.unit = 'money' then '{{ var("reporting_currency") }}' end as currency
    from metrics
    inner join parts as numerators on metrics.numerator = numerators.measure
    left join parts as denominators
        on
            metrics.denominator = denominators.measure
            and numerators.month = denominators.month
            and numerators.channel = denominators.channel
    inner join channels on numerators.channel = channels.channel
),

final as (
    select
        *,
        case when aggregation = 'sum' then round(value, 10) else {{ divide('value', 'divisor') }} end as result
    from valued
)

select * from final
